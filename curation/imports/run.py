"""Takes files in: originals into a private folder, a job rebuilds and stores them, originals destroyed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from curation.imports.formats import AUTO, FILES, ImportFormat, ImportWork, Taken, format_of
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
    *,
    study: Study,
    source: Source | None,
    files: Sequence[Upload],
    by: Person,
    folders: bool = False,
    wanted: str = AUTO,
) -> Import:
    """Take files in and queue their import; `folders`: their names are paths, as no browser sends them.

    `wanted`: the name of their format. `source` may be None where the format needs none.
    Raises NotAllowed, ImportRefused, UploadRefused, DiskShort.
    """
    check_lead(by, study)
    chosen = _format(study, source, files, wanted)
    area, received = uploads.receive(files)
    try:
        with transaction.atomic():
            job = enqueue(kind=KIND, by=by, study=study, params={"area": area, "folders": folders})
            batch = Import.objects.create(
                study=study,
                source=source if chosen.needs_source else None,
                job=job,
                format=chosen.name,
                files=[file.to_json() for file in received],
                created_by=by,
            )
            record(
                action="import.started",
                obj=batch,
                by=by,
                study=study,
                data={"source": batch.source_id, "files": len(received), "format": chosen.name},
            )
    except BaseException:
        uploads.destroy(area)
        raise
    return batch


def look_at(
    *, study: Study, source: Source | None, files: Sequence[Upload], folders: bool = False, wanted: str = AUTO
) -> ImportOutcome:
    """What an import of these files would do; stores nothing (`--dry-run`).

    Raises ImportRefused, UploadRefused.
    """
    chosen = _format(study, source, files, wanted)
    area, received = uploads.receive(files, for_others=False)
    try:
        return _outcome(
            chosen.take_in(ImportWork(study, source, received, uploads.upload_folder(area), folders))
        )
    finally:
        uploads.destroy(area)


def _format(study: Study, source: Source | None, files: Sequence[Upload], wanted: str) -> ImportFormat:
    chosen = format_of(wanted, [file.name for file in files])
    if chosen.needs_source and source is None:
        raise ImportRefused("Say which source the files come from.")
    if chosen.needs_source and source is not None and source.study_id != study.pk:
        raise ImportRefused("The source belongs to another study.")
    return chosen


def run_import(handle: JobHandle) -> dict[str, Any]:
    """The job: plan, store item by item, report, destroy the originals. Repeating it adds nothing twice.

    Where the decoder's walls are missing, it waits with its originals until an operator has seen to that.
    """
    batch = Import.objects.select_related("study", "source__study", "created_by").get(job=handle.job)
    area = str(handle.params["area"])
    if not batch.files:
        uploads.destroy(area)
        return {"accepted": batch.accepted, "duplicates": batch.duplicates, "refused": len(batch.refused)}
    received = [Received(**file) for file in batch.files]
    try:
        with uploads.originals(area, received) as folder:
            folders = bool(handle.params.get("folders"))
            work = ImportWork(batch.study, batch.source, received, folder, folders, batch, handle)
            outcome = _import(work)
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


def _import(work: ImportWork) -> ImportOutcome:
    assert work.batch is not None
    assert work.handle is not None
    chosen = format_of(work.batch.format, [file.name for file in work.received])
    try:
        taken = chosen.take_in(work)
    except WallsMissing as refusal:
        log.error("import.walls_missing", missing=",".join(refusal.missing), todo=what_to_do(refusal.missing))
        raise JobPostponed(WALLS_SECONDS, f"{refusal} {KEPT}") from None
    _finish(work.batch, taken, work.handle)
    return _outcome(taken)


def take_files(work: ImportWork) -> Taken:
    """Images and lines of questions, as they are."""
    plan = _plan(work)
    if work.handle is None:
        number = len(plan.pictures) + len(plan.questions)
    else:
        number = store_pictures(plan, work.handle) + store_questions(plan, work.handle)
    return Taken(number, plan.duplicates, plan.refused, len(plan.by_name))


def _plan(work: ImportWork) -> Plan:
    assert work.source is not None
    return make_plan(
        work.received,
        work.folder,
        source=work.source,
        batch=work.batch,
        keep=work.handle is not None,
        folders=work.folders,
        done=work.told("{done} of {total} files looked at"),
    )


ANY_FILES: Final = ImportFormat(
    name=FILES,
    label="Images and questions",
    meaning="PNG, JPEG and DICOM images, and JSONL files with questions",
    take_in=take_files,
)


def _outcome(taken: Taken) -> ImportOutcome:
    return ImportOutcome(taken.accepted, taken.duplicates, with_names(taken.refused), taken.by_name)


def _finish(batch: Import, taken: Taken, handle: JobHandle) -> None:
    names = [str(file["name"]) for file in batch.files]
    with transaction.atomic():
        handle.fence()
        # The names of the files go with the originals; those of refused items a little later.
        Import.objects.filter(pk=batch.pk).update(
            accepted=taken.accepted,
            duplicates=taken.duplicates,
            refused=without_names(batch.study, taken.refused, names),
            refused_names=with_names(taken.refused),
            files=[],
        )
        data = {"accepted": taken.accepted, "duplicates": taken.duplicates, "refused": len(taken.refused)}
        record(action="import.finished", obj=batch, by=None, study=batch.study, data=data)


def _areas_in_use() -> set[str]:
    alive = Import.objects.filter(job__state__in=ALIVE)
    return {str(area) for area in alive.values_list("job__params__area", flat=True)}
