"""`manage.py import SLUG PATH|hub:OWNER/NAME@REVISION [--source NAME] [--format NAME]`, without a worker."""  # noqa: N999

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Study
from consilium.refusals import Refused
from curation.imports import formats
from curation.imports.from_hub import PREFIX, read_hub_address_of, start_hub_import
from curation.imports.release_format import RELEASE
from curation.imports.release_zip import is_release_folder
from curation.imports.run import look_at, start_import
from curation.imports.uploads import Upload
from curation.management.acting_lead import add_by, lead_of, study_named
from curation.models import Import, Source
from curation.releases.zip_stream import zip_stream

CHUNK = 1 << 20
# Kinds of file, of which one import may hold several.
SAME = {"jsonl": formats.FILES, "dicom": formats.FILES}


class Command(ReportingCommand):
    help = "Import images (PNG, JPEG, DICOM) and questions (JSONL), published pairs, or a release."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("path", help="A file, a folder, or hub:OWNER/NAME@REVISION.")
        parser.add_argument("--source", default="", help="Name of the source (default: the only one).")
        names = [found.name for found in formats.known()]
        parser.add_argument("--format", choices=[formats.AUTO, *SAME, *names], default=formats.AUTO)
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen; store nothing.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        if options["path"].startswith(PREFIX):
            return _reported(_fetched(study, _source(study, options["source"]), options))
        path = Path(options["path"])
        wanted = SAME.get(options["format"], options["format"])
        files, chosen = _as_sent(path, list(_files(path)), wanted)
        source = _source(study, options["source"]) if chosen.needs_source else None
        if options["dry_run"]:
            outcome = look_at(study=study, source=source, files=files, folders=True, wanted=chosen.name)
            report = outcome.to_json()
        else:
            report = _import(study, source, files, options["by"], chosen.name)
        return _reported(report)


def _reported(report: dict[str, Any]) -> dict[str, Any]:
    return report | ({"ok": False} if report["refused"] else {})


def _as_sent(
    path: Path, found: list[tuple[str, Path]], wanted: str
) -> tuple[list[Upload], formats.ImportFormat]:
    """The files to take in, and their format. The folder of a release goes as one zip, as on the page."""
    names = [name for name, _ in found]
    if path.is_dir() and (wanted == RELEASE.name or (wanted == formats.AUTO and is_release_folder(names))):
        whole = zip_stream((name, partial(_open, file)) for name, file in found)
        return [Upload(f"{path.resolve().name}.zip", whole)], RELEASE
    files = [Upload(name, _chunks(file)) for name, file in found]
    return files, formats.format_of(wanted, names)


def _fetched(study: Study, source: Source, options: dict[str, Any]) -> dict[str, Any]:
    """A dataset of the Hub; the report names the commit."""
    if options["dry_run"]:
        raise Refused("--dry-run looks at files of this machine; a dataset of the Hub is fetched first.")
    repo_id, revision = read_hub_address_of(options["path"])
    lead = lead_of(study, options["by"])
    batch = start_hub_import(study=study, source=source, repo_id=repo_id, revision=revision, by=lead)
    report = _followed(batch)
    return report | {"revision": batch.revision, "not_fetched": batch.not_fetched}


def _import(study: Study, source: Source | None, files: list[Upload], by: str, wanted: str) -> dict[str, Any]:
    lead = lead_of(study, by)
    return _followed(
        start_import(study=study, source=source, files=files, by=lead, folders=True, wanted=wanted)
    )


def _followed(batch: Import) -> dict[str, Any]:
    job = run_until_over(batch.job)
    if job.state != JobState.SUCCEEDED:
        raise Refused(job.error or f"The import was {job.state}.")
    batch.refresh_from_db()
    counts = {"accepted": batch.accepted, "duplicates": batch.duplicates, "held": job.result.get("held", 0)}
    return counts | {"refused": batch.refused_names}


def _source(study: Study, name: str) -> Source:
    sources = list(Source.objects.filter(study=study, **({"name": name} if name else {}))[:2])
    if len(sources) == 1:
        return sources[0]
    if name or not sources:
        raise Refused("There is no such source in the study; make it on the page Imports, Source.")
    raise Refused("The study has several sources; name one with --source.")


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """(name inside the import, file) of a file, or of every plain file under a folder, in order."""
    if path.is_file():
        yield path.name, path
        return
    if not path.is_dir():
        raise Refused(f"There is no file or folder {path.name!r}.")
    for found in sorted(path.rglob("*")):
        inside = found.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if found.is_file() and not found.is_symlink() and not hidden:
            yield inside.as_posix(), found


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk
