"""Takes in a release that another site froze and exported in the jsonl layout: here it has the same digest.

Every hash is checked before anything is stored, and the rows are then frozen by the same code as one's own,
which must arrive at the same list of hashes and the same digest.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consilium.audit.anchors import anchor_after_commit
from consilium.audit.record import record
from consilium.blobs.store import keep_stored, put, put_file
from consilium.canonical_json import canonical_json, canonical_sha256
from consilium.jobs.handle import JobPostponed
from consilium.people.models import Study
from consilium.states.transitions import transition
from curation.gate.png import png_fault
from curation.held_texts import name_problem
from curation.imaging.protocol import NotRebuilt
from curation.imaging.sandbox import rebuild
from curation.imports.deidentify import BATCH, RefusedItem, file_place, walls_signed_away
from curation.imports.formats import ImportFormat, ImportWork, Taken
from curation.imports.release_rules import PATH, manifest_fault, row_fault, side_row_fault, source_fault
from curation.imports.release_zip import ReleaseDamaged, ReleaseZip, is_digest, rows_file
from curation.imports.uploads import Received
from curation.keys import study_key
from curation.models import Release, ReleaseOrigin
from curation.releases.background import SOURCES
from curation.releases.contents import NewRow, contents_of
from curation.releases.export_files import LINES, MANIFEST
from curation.releases.freeze import lock_study, store_files, store_rows
from curation.releases.manifest import FILES, FORMAT, ManifestLine, digest_of, tables_of
from curation.states import ReleaseState

ENDING: Final = ".zip"
ADDED: Final = ("digest", "signatures")  # what an export adds to the manifest that was frozen
EVERY: Final = 500
AGAIN_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Given:
    """A release that came, its manifest checked; `files`: path to (SHA-256, size)."""

    zip: ReleaseZip
    manifest: dict[str, Any]
    signatures: list[dict[str, str]]
    files: dict[str, tuple[str, int]]
    rows: dict[str, list[tuple[str, str]]]
    sources: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def contents(self) -> dict[str, str]:
        """Path to SHA-256 of its files."""
        return {path: sha256 for path, (sha256, _) in self.files.items()}


def take_release(work: ImportWork) -> Taken:
    """The release is taken in whole, was there already, or is refused by the name of what is wrong."""
    if len(work.received) != 1:
        reason = "a release comes as one zip, as an export is downloaded"
        return Taken(refused=[_refused(file, reason) for file in work.received])
    (file,) = work.received
    try:
        with ReleaseZip(work.folder / file.stored, settings.UPLOAD_MAX_BYTES) as opened:
            return _take_in(work, _read(opened))
    except ReleaseDamaged as damaged:
        return Taken(refused=[_refused(file, str(damaged))])


def _refused(file: Received, reason: str) -> RefusedItem:
    return RefusedItem(file.name, reason, file_place(file))


def _take_in(work: ImportWork, given: _Given) -> Taken:
    mine = ReleaseOrigin.objects.filter(batch=work.batch).exists() if work.batch else False
    if mine:  # made by an earlier try, whose worker died before it could say so
        return Taken(accepted=1)
    same = Release.objects.filter(study=work.study, digest=given.digest).first()
    if same is not None and same.state == ReleaseState.WITHDRAWN:
        raise ReleaseDamaged("This very release was withdrawn here, and does not come back.")
    tell = work.told("Every hash of the release is checked")
    _check_rows(given, tell)
    with tempfile.TemporaryDirectory(dir=work.folder, prefix="release-") as scratch:
        _take_images(given, work, Path(scratch))
    if same is not None:
        return Taken(duplicates=1)
    if work.handle is not None:
        _store(work, given)
    return Taken(accepted=1)


# --- what came ------------------------------------------------------------------------------------------


def _read(opened: ReleaseZip) -> _Given:
    """The manifest and its lines, which must fit the digest."""
    manifest = opened.manifest()
    if manifest.get("format") != FORMAT:
        raise ReleaseDamaged(f"{MANIFEST} is not of the format {FORMAT}: export the release there anew.")
    if fault := manifest_fault(manifest):
        raise ReleaseDamaged(f"{MANIFEST}: {fault}.")
    if problem := name_problem(manifest["name"]):
        raise ReleaseDamaged(f"{MANIFEST}: the release's name cannot be kept. {problem}")
    digest, signatures = manifest.get("digest"), manifest.get("signatures", [])
    frozen = {key: said for key, said in manifest.items() if key not in ADDED}
    if digest != digest_of(frozen):
        raise ReleaseDamaged(f"{MANIFEST} was changed: it does not give the digest that it names.")
    files, rows = _lines(opened, frozen)
    return _Given(opened, frozen, signatures, files, rows)


def _lines(
    opened: ReleaseZip, manifest: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, int]], dict[str, list[tuple[str, str]]]]:
    files: dict[str, tuple[str, int]] = {}
    rows: dict[str, list[tuple[str, str]]] = {table: [] for table in tables_of(manifest)}
    whole = hashlib.sha256()
    for number, raw in opened.lines(LINES):
        whole.update(raw)
        try:
            line = ManifestLine.from_json(raw)
            if line.table == FILES:
                files[line.name] = (line.sha256, line.size)
            else:
                rows[line.table].append((line.name, line.sha256))
        except (KeyError, TypeError, ValueError):
            raise ReleaseDamaged(f"{LINES} line {number} is no line of a manifest.") from None
        if not is_digest(line.sha256) or not isinstance(line.size, int) or line.size < 0:
            raise ReleaseDamaged(f"{LINES} line {number} is no line of a manifest.")
    if whole.hexdigest() != manifest.get("lines"):
        raise ReleaseDamaged(f"{LINES} was changed or cut: it has not the hash that {MANIFEST} names.")
    if {table: len(found) for table, found in rows.items()} != dict(tables_of(manifest)):
        raise ReleaseDamaged(f"{LINES} has not as many rows as {MANIFEST} says.")
    if odd := next((path for path in files if not PATH.fullmatch(path)), None):
        raise ReleaseDamaged(f"{LINES}: a release holds PNG files only, and {odd[:80]!r} is no path of one.")
    return files, rows


def _check_rows(given: _Given, tell: Any) -> None:
    """Every row against its hash, and whether it is a row at all; the sources first."""
    kind, total, done = given.manifest["kind"], sum(map(len, given.rows.values())), 0
    for table in sorted(given.rows, key=lambda name: (name != SOURCES, name)):
        for row_id, row, where in _rows(given, table):
            if fault := _fault(given, table, row_id, row):
                raise ReleaseDamaged(f"{where}: {fault}.")
            if table == SOURCES:
                given.sources |= {row["name"]}
            done += 1
            if done % EVERY == 0:
                tell(done, total)
    if SOURCES not in given.rows:
        raise ReleaseDamaged(f"{SOURCES}.jsonl is missing: nothing says what the {kind} may be used for.")


def _fault(given: _Given, table: str, row_id: str, row: Any) -> str:
    if table == given.manifest["kind"]:
        return row_fault(table, row, row_id, given.contents, given.sources)
    return side_row_fault(row, row_id) or (source_fault(row) if table == SOURCES else "")


def _rows(given: _Given, table: str) -> Iterator[tuple[str, Any, str]]:
    """(id, content, where it stands) of each row, its hash being the manifest's."""
    path = rows_file(table, given.manifest["kind"])
    lines = given.zip.lines(path) if given.rows[table] else iter(())
    for row_id, sha256 in given.rows[table]:
        number, raw = next(lines, (0, b""))
        where = f"{path} line {number} ({row_id})"
        if not number:
            raise ReleaseDamaged(f"{path} is cut: row {row_id} is missing.")
        try:
            row = json.loads(raw)
            is_same = canonical_sha256(row) == sha256
        except (ValueError, RecursionError):
            is_same = False
        if not is_same:
            raise ReleaseDamaged(f"{where} was changed: it has not the hash that the manifest names.")
        yield row_id, row, where
    if next(lines, None) is not None:
        raise ReleaseDamaged(f"{path} has more rows than the manifest names.")


# --- its images -----------------------------------------------------------------------------------------


def _take_images(given: _Given, work: ImportWork, scratch: Path) -> None:
    """Check every image: its hash, that it is pixels alone, and that the confined decoder can read it.

    Those of a release that is taken in go into the store, before any row names them.
    """
    tell, waiting = work.told("{done} of {total} images looked at"), iter(given.files.items())
    done = 0
    while part := list(islice(waiting, BATCH)):
        tell(done, len(given.files))
        folder = Path(tempfile.mkdtemp(dir=scratch))
        paths = []
        for number, (path, (sha256, size)) in enumerate(part):
            target = folder / f"{number:02d}"
            given.zip.copy(path, target, size)
            content = target.read_bytes()
            if hashlib.sha256(content).hexdigest() != sha256:
                raise ReleaseDamaged(f"{path} was changed: it has not the hash that the manifest names.")
            if fault := png_fault(content):
                raise ReleaseDamaged(f"{path}: {fault}.")
            paths.append(target)
        _check_decodable(work.study, [path for path, _ in part], paths, folder)
        for target in paths if work.handle is not None else ():
            put_file(target, "image/png")
        for target in paths:
            target.unlink()
        done += len(part)


def _check_decodable(study: Study, names: list[str], paths: list[Path], folder: Path) -> None:
    out = folder / "rebuilt"
    out.mkdir()
    outcomes = rebuild(paths, out, key=study_key(study, "imaging"), without=walls_signed_away())
    for name, outcome in zip(names, outcomes, strict=True):
        if isinstance(outcome, NotRebuilt):
            raise ReleaseDamaged(f"{name}: {outcome.message}")


# --- storing --------------------------------------------------------------------------------------------


def _store(work: ImportWork, given: _Given) -> None:
    """Freeze the rows as they are; what comes out must have the digest that came."""
    assert work.batch is not None
    assert work.handle is not None
    study, manifest, by = work.study, given.manifest, work.batch.created_by
    kind = manifest["kind"]
    with contents_of(kind) as contents, transaction.atomic():
        work.handle.fence()
        if not keep_stored(set(given.contents.values())):
            raise JobPostponed(AGAIN_SECONDS)  # a purge took a picture meanwhile: the next try puts it back
        lock_study(study)
        release = Release.objects.create(study=study, kind=kind, name=_name(study, given), created_by=by)
        store_rows(release, _new_rows(given), contents)
        contents.files.update(given.contents)
        lines = contents.put_lines(store_files(release, contents.files))
        if lines.sha256 != manifest["lines"]:
            raise ReleaseDamaged(f"{LINES} is not in the order in which a release is frozen.")
        ReleaseOrigin.objects.create(
            release=release,
            batch=work.batch,
            study=manifest["study"],
            name=manifest["name"],
            frozen_on=manifest["created"],
            signatures=given.signatures,
        )
        transition(
            release,
            ReleaseState.FROZEN,
            by=by,
            data={"digest": given.digest, "rows": contents.rows[kind], "kind": kind},
            digest=given.digest,
            row_count=contents.rows[kind],
            left_out=manifest["left_out"],
            lines=lines,
            manifest=put(canonical_json(manifest), "application/json"),
            frozen_at=timezone.now(),
        )
        data = {"digest": given.digest, "study": manifest["study"], "name": manifest["name"]}
        record(action="release.imported", obj=release, by=by, study=study, data=data)
        anchor_after_commit(study, cause="import")


def _name(study: Study, given: _Given) -> str:
    """What it is called there, or where that name is taken here with the start of its digest."""
    name = str(given.manifest["name"])
    taken = Release.objects.filter(study=study, kind=given.manifest["kind"], name=name).exists()
    return f"{name[:100]} ({given.digest[:12]})" if taken else name


def _new_rows(given: _Given) -> Iterator[NewRow]:
    kind = given.manifest["kind"]
    for table in tables_of(given.manifest):
        for row_id, row, _ in _rows(given, table):
            yield NewRow(row_id, row, table="" if table == kind else table)


def _is_zip(names: Any) -> bool:
    return len(names) == 1 and names[0].lower().endswith(ENDING)


RELEASE: Final = ImportFormat(
    name="release",
    label="A release",
    meaning="the zip of a release that another site exported as JSON lines; it keeps its digest",
    take_in=take_release,
    recognises=_is_zip,
    needs_source=False,
)
