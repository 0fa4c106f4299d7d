"""Exports a frozen release to a folder that other programs load; it appears whole or not at all."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import transaction

from consilium.atomic_folder import atomic_folder
from consilium.audit.anchors import anchor_after_commit
from consilium.audit.record import record
from consilium.disk_space import check_disk_space
from consilium.jobs.handle import JobHandle, JobPostponed
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from curation.gate.process import never_stops
from curation.imaging.walls import WallsMissing, what_to_do
from curation.layouts.registry import Layout, Tell, find, known
from curation.models import Export, Release, ReleaseFile
from curation.permissions import check_sources
from curation.releases.background import SOURCES, image_sources
from curation.releases.export_files import write_all
from curation.releases.export_gate import ExportRefused, check_export
from curation.releases.freeze import rows_of, side_rows_of
from curation.releases.kept_exports import export_folder, is_kept, keep_export, kept_size
from curation.releases.let_through import let_through_in
from curation.releases.manifest import manifest_of, released_files
from curation.releases.sign import check_signed
from curation.releases.verify import verify
from curation.releases.withdrawn_images import check_images_stand, withdrawn_images
from curation.states import ReleaseState

log = structlog.get_logger(__name__)
KIND: Final = "curation.export"
WALLS_SECONDS: Final = 60.0
DEFAULT: Final = "hub"
FOLDER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,150}")


def start_export(*, release: Release, by: Person, layout: str = DEFAULT) -> Export:
    """Queue an export into the exports folder. Raises NotAllowed, ExportRefused, DiskShort."""
    check_lead(by, release.study)
    check_disk_space()
    layout_of(release, layout)
    check_may_leave(release)
    with transaction.atomic():
        job = enqueue(kind=KIND, by=by, study=release.study, params={"release": release.pk})
        export = Export.objects.create(
            release=release, job=job, layout=layout, folder=_free_name(release, layout), created_by=by
        )
        record(
            action="export.started",
            obj=export,
            by=by,
            study=release.study,
            data={"digest": release.digest, "layout": layout},
        )
        anchor_after_commit(release.study, cause="export")
    return export


@transaction.atomic
def start_exports(*, release: Release, by: Person, layouts: Sequence[str]) -> list[Export]:
    """Queue an export in each of these layouts, or none of them. Raises as `start_export`."""
    if not layouts:
        raise ExportRefused("Choose at least one layout.")
    return [start_export(release=release, by=by, layout=layout) for layout in dict.fromkeys(layouts)]


def run_export(handle: JobHandle) -> dict[str, Any]:
    """The job: write beside the place, look at the finished bytes, rename last; then into the store."""
    export = Export.objects.select_related("release__study").get(job=handle.job)
    handle.progress(0, 3, "Checking every hash of the release")
    if not is_kept(export):
        folder = _written(export, handle)
        look = partial(check_images_stand, export.release)
        keep_export(export, folder, look=look, check=handle.check)
    return {"folder": export.folder, "digest": export.release.digest, "bytes": kept_size(export)}


def _written(export: Export, handle: JobHandle) -> Path:
    """The finished folder; what the gate found in a text is noted, so that leads may speak about it."""
    try:
        return write_export(export.release, export_folder(export), layout=export.layout, handle=handle)
    except ExportRefused as refusal:
        found = {"refused_kind": refusal.kind, "refused_digest": refusal.digest}
        Export.objects.filter(pk=export.pk).update(**found)
        raise


def write_export(
    release: Release,
    target: Path,
    *,
    layout: str = DEFAULT,
    by: Person | None = None,
    handle: JobHandle | None = None,
) -> Path:
    """Write the export to `target`; an earlier whole export there is kept. `by` is recorded where given.

    Raises ExportRefused, DiskShort, BlobDamaged, OSError, WallsMissing (in a job JobPostponed); nothing is
    left at `target` then.
    """
    wanted = layout_of(release, layout)
    check_may_leave(release)
    if target.exists():
        return target
    check_disk_space()
    if problems := verify(release):
        raise ExportRefused(f"The release fails its own check: {problems[0]}")
    with atomic_folder(target, is_only_writer=True) as beside:
        write_all(release, beside, wanted, _teller(handle))
        _look_at(beside, release, handle)
        check_images_stand(release)  # writing takes minutes, in which an image may be withdrawn
    _tell(handle, 3, "Done")
    if by is not None:
        with transaction.atomic():
            data = {"digest": release.digest, "layout": layout}
            record(action="release.exported", obj=release, by=by, study=release.study, data=data)
            anchor_after_commit(release.study, cause="export")
    return target


def _look_at(folder: Path, release: Release, handle: JobHandle | None) -> None:
    """Let the gate look; a job waits where nothing may be looked at."""
    _tell(handle, 2, "Looking at the finished files")
    check = handle.check if handle is not None else never_stops
    try:
        check_export(
            folder,
            study=release.study,
            images=released_files(manifest_of(release)),
            let_through=let_through_in(release),
            check=check,
        )
    except WallsMissing as refusal:
        if handle is None:
            raise
        log.error("export.walls_missing", missing=",".join(refusal.missing), todo=what_to_do(refusal.missing))
        raise JobPostponed(WALLS_SECONDS, f"{refusal} The export goes on by itself.") from None


def may_be_downloaded(export: Export) -> bool:
    """Whether the export is whole and its release stands: what was withdrawn must not be passed on.

    Raises StoreAway.
    """
    stands = export.release.state == ReleaseState.FROZEN and export.job.state == JobState.SUCCEEDED
    return stands and not withdrawn_images(export.release) and is_kept(export)


@transaction.atomic
def note_download(*, export: Export, by: Person) -> None:
    """Put on record that the person took a copy of the export."""
    data = {"digest": export.release.digest, "layout": export.layout}
    record(action="export.downloaded", obj=export, by=by, study=export.release.study, data=data)


def layout_of(release: Release, name: str) -> Layout:
    """The layout of that name. Raises ExportRefused where it cannot hold this kind of release."""
    try:
        return find(name, [release.kind])
    except LookupError:
        names = ", ".join(layout.name for layout in known(release.kind))
        raise ExportRefused(f"A layout of this release is one of {names}.") from None


def _tell(handle: JobHandle | None, done: int, note: str) -> None:
    if handle is not None:
        handle.progress(done, 3, note)


def _teller(handle: JobHandle | None) -> Tell:
    def tell(done: int, total: int) -> None:
        if handle is not None:
            handle.progress(done, total, "Rows are being written")

    return tell


def check_may_leave(release: Release) -> None:
    """Raise a Refused unless the release may leave now, in whatever layout."""
    if release.state != ReleaseState.FROZEN:
        raise ExportRefused("Only a frozen release can be exported; a withdrawn one must not be passed on.")
    check_images_stand(release)
    check_signed(release)
    if release.came_from is not None:
        raise ExportRefused(
            "This release was imported: pass on the folder that it came in, whose hashes anybody can check."
        )
    check_sources(release.study, source_names(release), "may_redistribute")


def source_names(release: Release) -> set[str]:
    """The names of the sources of the release's rows and of their images."""
    if frozen := set(side_rows_of(release, SOURCES).values_list("content__name", flat=True)):
        return frozen
    named = set(rows_of(release).order_by().values_list("content__source", flat=True).distinct()) - {None}
    files = set(ReleaseFile.objects.filter(release=release).values_list("blob_id", flat=True))
    return named | image_sources(release.study, files)


def _free_name(release: Release, layout: str) -> str:
    base = f"{release.study.slug}-{release.kind}-{release.digest[:12]}"
    base += "" if layout == DEFAULT else f"-{layout}"
    taken = Export.objects.filter(folder__startswith=base).count()
    name = f"{base}-{taken + 1}" if taken else base
    if not FOLDER.fullmatch(name):
        raise ExportRefused("The study's short name cannot be the name of a folder.")
    return name
