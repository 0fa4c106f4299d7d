"""A dataset of the Hub as an import: fetched at one commit, then taken in like files of a folder.

Nothing of a repository is run: files of known kinds are fetched, their bytes compared with what the Hub
says of them, and the importers read them as they read an upload.
"""

import re
import uuid
from pathlib import Path, PurePosixPath
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from consilium.audit.record import record
from consilium.disk_space import check_disk_space
from consilium.hub.files import FolderRefused, RemoteFile, has_content
from consilium.hub.models import Push, RepositoryType
from consilium.hub.process import HubProcess
from consilium.hub.push import check_repository_name
from consilium.hub.tokens import token_in_force
from consilium.jobs.handle import JobHandle
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.imports import uploads
from curation.imports.plan import QUESTION_FILES
from curation.imports.run import ImportRefused, run_import
from curation.imports.uploads import MOST_FILES, upload_folder
from curation.models import Import, Source

KIND: Final = "curation.hub_import"
PREFIX: Final = "hub:"
FETCHED: Final = "fetched"
IMAGES: Final = (".png", ".jpg", ".jpeg", ".dcm")
KINDS: Final = frozenset({*IMAGES, *QUESTION_FILES, ".parquet", ".csv"})
MEGABYTE: Final = 1 << 20
_REVISION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
# Until the files are known: an import without any is over.
_NOT_YET: Final[list[dict[str, Any]]] = [{"name": "", "stored": "", "size": 0}]


def start_hub_import(*, study: Study, source: Source, repo_id: str, revision: str, by: Person) -> Import:
    """Queue an import of a dataset at a commit, branch or tag.

    Raises NotAllowed, ImportRefused, HubRefused, DiskShort.
    """
    check_lead(by, study)
    if source.study_id != study.pk:
        raise ImportRefused("The source belongs to another study.")
    check_repository_name(repo_id)
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise ImportRefused("A revision is a commit, a branch or a tag, such as main.")
    _check_not_of_another_study(study, repo_id)
    check_disk_space()
    with transaction.atomic():
        params = {"area": str(uuid.uuid4()), "folders": True, "dataset": repo_id, "revision": revision}
        job = enqueue(kind=KIND, by=by, study=study, params=params)
        batch = Import.objects.create(
            study=study, source=source, job=job, origin=repo_id, files=_NOT_YET, created_by=by
        )
        data = {"source": source.pk, "dataset": repo_id, "revision": revision, "at": settings.HUB.endpoint}
        record(action="import.started", obj=batch, by=by, study=study, data=data)
    return batch


def read_hub_address_of(text: str) -> tuple[str, str]:
    """(dataset, revision) of `hub:OWNER/NAME@REVISION`; main without one. Raises HubRefused."""
    name, _, revision = text.removeprefix(PREFIX).partition("@")
    return check_repository_name(name), revision or "main"


def run_hub_import(handle: JobHandle) -> dict[str, Any]:
    """The job: fetch what is missing, then import it. A file that was fetched is not fetched again."""
    batch = Import.objects.select_related("study").get(job=handle.job)
    if batch.files == _NOT_YET:
        try:
            _bring_here(handle, batch)
        except Refused:
            uploads.destroy(str(handle.params["area"]))
            raise
    return run_import(handle)


def _bring_here(handle: JobHandle, batch: Import) -> None:
    _check_not_of_another_study(batch.study, batch.origin)
    token = token_in_force()
    with HubProcess(token.secret if token else "", handle.check) as hub:
        commit = batch.revision or _pin(handle, hub, batch)
        wanted = _wanted(handle, hub, batch, commit)
        _fetch(handle, hub, batch, commit, wanted)
    _hand_over(handle, batch, wanted)


def _pin(handle: JobHandle, hub: HubProcess, batch: Import) -> str:
    """From now on this import is of one commit, whatever becomes of the branch."""
    handle.progress(0, 0, "Asking the Hub about the dataset")
    commit = str(hub.ask("resolve", repo_id=batch.origin, revision=handle.params["revision"])["commit"])
    with transaction.atomic():
        handle.fence()
        Import.objects.filter(pk=batch.pk).update(revision=commit)
        data = {"dataset": batch.origin, "commit": commit}
        record(action="import.pinned", obj=batch, by=None, study=batch.study, data=data)
    batch.revision = commit
    return commit


def _wanted(handle: JobHandle, hub: HubProcess, batch: Import, commit: str) -> list[RemoteFile]:
    """The files of known kinds at the commit. Raises ImportRefused when they are too many or too large."""
    said = hub.ask("tree", repo_id=batch.origin, repo_type=RepositoryType.DATASET.value, revision=commit)
    found = [RemoteFile(**file) for file in said["files"]]
    wanted = [file for file in found if _is_known(file.path)]
    if not wanted:
        raise ImportRefused(f"{batch.origin} holds no file that an importer reads at {commit[:12]}.")
    if len(wanted) > MOST_FILES:
        raise ImportRefused(f"{batch.origin} holds {len(wanted):,} files; one import takes {MOST_FILES:,}.")
    if sum(file.size for file in wanted) > settings.UPLOAD_MAX_BYTES:
        raise ImportRefused(f"The files of {batch.origin} are larger than an import may be.")
    Import.objects.filter(pk=batch.pk).update(not_fetched=len(found) - len(wanted))
    return wanted


def _is_known(path: str) -> bool:
    parts = PurePosixPath(path).parts
    plain = not path.startswith("/") and all(part not in ("", "..") and part[0] != "." for part in parts)
    return plain and PurePosixPath(path).suffix.lower() in KINDS


def _fetch(handle: JobHandle, hub: HubProcess, batch: Import, commit: str, wanted: list[RemoteFile]) -> None:
    folder, total = _folder(handle), sum(file.size for file in wanted)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing = [file for file in wanted if not has_content(folder / file.path, file)]
    before = total - sum(file.size for file in missing)

    def passed(count: int) -> None:
        done = min(before + count, total)
        handle.progress(done, total, f"{done / MEGABYTE:,.1f} of {total / MEGABYTE:,.1f} MB fetched")

    paths = [file.path for file in missing]
    hub.ask("download", passed=passed, repo_id=batch.origin, revision=commit, folder=str(folder), paths=paths)
    if wrong := next((file for file in missing if not has_content(folder / file.path, file)), None):
        raise FolderRefused(f"File {wrong.path}: what was fetched is not what the Hub says of it.")


def _hand_over(handle: JobHandle, batch: Import, wanted: list[RemoteFile]) -> None:
    folder = _folder(handle)
    files = [(file.path, folder / file.path) for file in wanted]
    received = uploads.take_over(str(handle.params["area"]), files)
    with transaction.atomic():
        handle.fence()
        Import.objects.filter(pk=batch.pk).update(files=[file.to_json() for file in received])


def _folder(handle: JobHandle) -> Path:
    return upload_folder(str(handle.params["area"])) / FETCHED


def _check_not_of_another_study(study: Study, repo_id: str) -> None:
    """The site's token may read what every study pushed; a study gets its own."""
    there = Push.objects.filter(
        endpoint=settings.HUB.endpoint, repo_id__iexact=repo_id, repo_type=RepositoryType.DATASET
    )
    if there.exclude(study=study).exclude(parent="").exists():
        raise ImportRefused(f"{repo_id} holds what another study of this site pushed.")
