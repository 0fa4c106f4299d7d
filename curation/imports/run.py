"""Takes files in: originals into a private folder, a job rebuilds and stores them, originals destroyed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.db import transaction

from consilium.audit.record import record
from consilium.blobs.blob_store import StoreAway
from consilium.jobs.handle import JobFailed, JobHandle, JobPostponed
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.imaging.walls import WallsMissing, what_to_do
from curation.imports import uploads
from curation.imports.plan import Plan, make_plan
from curation.imports.refused_names import with_names, without_names
from curation.imports.store import store_pictures, store_questions
from curation.imports.uploads import Received, Upload
from curation.models import Import, Source
from curation.states import QuestionState

log = structlog.get_logger(__name__)
KIND = "curation.import"
WALLS_SECONDS = 60.0
KEPT = "The uploaded files are kept, and the import goes on by itself."
ALIVE = (JobState.QUEUED, JobState.RUNNING)


class ImportRefused(Refused):
    """An import that cannot start; the text is for people."""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did: items taken in, items that were there already, items refused with a reason.

    `by_name`: paths that an upload without folders could only match by their file names.
    """

    accepted: int
    duplicates: int
    refused: list[dict[str, str]]
    by_name: int = 0

    def to_json(self) -> dict[str, Any]:
        """The form that pages and `manage.py import --json` show."""
        return {"accepted": self.accepted, "duplicates": self.duplicates, "refused": self.refused}


def start_import(
    *, study: Study, source: Source, files: Sequence[Upload], by: Person, folders: bool = False
) -> Import:
    """Take files in and queue their import; `folders`: their names are paths, as no browser sends them.

    Raises NotAllowed, ImportRefused, UploadRefused, DiskShort.
    """
    check_lead(by, study)
    if source.study_id != study.pk:
        raise ImportRefused("The source belongs to another study.")
    area, received = uploads.receive(files)
    try:
        with transaction.atomic():
            job = enqueue(kind=KIND, by=by, study=study, params={"area": area, "folders": folders})
            batch = Import.objects.create(
                study=study,
                source=source,
                job=job,
                files=[file.to_json() for file in received],
                created_by=by,
            )
            record(
                action="import.started",
                obj=batch,
                by=by,
                study=study,
                data={"source": source.pk, "files": len(received)},
            )
    except BaseException:
        uploads.destroy(area)
        raise
    return batch


def look_at(*, source: Source, files: Sequence[Upload], folders: bool = False) -> ImportOutcome:
    """What an import of these files would do; stores nothing (`--dry-run`). Raises UploadRefused."""
    area, received = uploads.receive(files, for_others=False)
    try:
        plan = make_plan(
            received,
            uploads.upload_folder(area),
            source=source,
            batch=None,
            keep=False,
            folders=folders,
            done=_unheard,
        )
    finally:
        uploads.destroy(area)
    return _outcome(plan, len(plan.pictures) + len(plan.questions))


def _unheard(files: int, total: int) -> None:
    """A dry run has no progress to tell."""


def run_import(handle: JobHandle) -> dict[str, Any]:
    """The job: plan, store item by item, report, destroy the originals. Repeating it adds nothing twice.

    Where the decoder's walls are missing, it waits with its originals until an operator has seen to that.
    """
    batch = Import.objects.select_related("study", "source__study").get(job=handle.job)
    area = str(handle.params["area"])
    if not batch.files:
        uploads.destroy(area)
        return {"accepted": batch.accepted, "duplicates": batch.duplicates, "refused": len(batch.refused)}
    received = [Received(**file) for file in batch.files]
    try:
        with uploads.originals(area, received) as folder:
            outcome = _import(batch, received, folder, handle)
    except FileNotFoundError:
        raise JobFailed("The uploaded files are gone from the server; upload them again.") from None
    uploads.destroy(area)
    held = batch.questions.filter(state=QuestionState.HELD).count()
    counts = {"refused": len(outcome.refused), "by_name": outcome.by_name, "held": held}
    return outcome.to_json() | counts


def sweep_uploads() -> None:
    """Destroy originals that no import will read any more: cancelled, given up, or never begun."""
    over = Import.objects.exclude(files=[]).exclude(job__state__in=ALIVE).select_related("job")
    try:
        for batch in over:
            uploads.destroy(str(batch.job.params["area"]))
            Import.objects.filter(pk=batch.pk).update(files=[])
    except StoreAway as away:  # the next tick goes on
        log.warning("uploads.kept", cause=away.cause)
    sweep_own_uploads()


def sweep_own_uploads() -> None:
    """Destroy what dead requests and imports left on this host's disk."""
    uploads.sweep(_areas_in_use())


def sweep_stored_uploads() -> None:
    """Destroy what dead requests left in a store elsewhere. Raises StoreAway."""
    uploads.sweep_store(_areas_in_use())


def _import(batch: Import, received: list[Received], folder: Path, handle: JobHandle) -> ImportOutcome:
    try:
        plan = _plan(batch, received, folder, handle)
    except WallsMissing as refusal:
        log.error("import.walls_missing", missing=",".join(refusal.missing), todo=what_to_do(refusal.missing))
        raise JobPostponed(WALLS_SECONDS, f"{refusal} {KEPT}") from None
    stored = store_pictures(plan, handle) + store_questions(plan, handle)
    outcome = _outcome(plan, stored)
    _finish(batch, outcome, plan, handle)
    return outcome


def _plan(batch: Import, received: list[Received], folder: Path, handle: JobHandle) -> Plan:
    def done(files: int, total: int) -> None:
        handle.progress(files, total, f"{files} of {total} files looked at")

    folders = bool(handle.params.get("folders"))
    return make_plan(
        received, folder, source=batch.source, batch=batch, keep=True, folders=folders, done=done
    )


def _outcome(plan: Plan, accepted: int) -> ImportOutcome:
    return ImportOutcome(accepted, plan.duplicates, with_names(plan.refused), len(plan.by_name))


def _finish(batch: Import, outcome: ImportOutcome, plan: Plan, handle: JobHandle) -> None:
    names = [str(file["name"]) for file in batch.files]
    with transaction.atomic():
        handle.fence()
        # The names of the files go with the originals; those of refused items a little later.
        Import.objects.filter(pk=batch.pk).update(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            refused=without_names(batch.study, plan.refused, names),
            refused_names=outcome.refused,
            files=[],
        )
        record(
            action="import.finished",
            obj=batch,
            by=None,
            study=batch.study,
            data={
                "accepted": outcome.accepted,
                "duplicates": outcome.duplicates,
                "refused": len(outcome.refused),
            },
        )


def _areas_in_use() -> set[str]:
    alive = Import.objects.filter(job__state__in=ALIVE)
    return {str(area) for area in alive.values_list("job__params__area", flat=True)}
