"""Freezes rows into a release, checks a release against its hashes, and withdraws it."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Cast
from django.utils import timezone

from consilium.audit.anchors import anchor_after_commit
from consilium.audit.models import AuditHead
from consilium.audit.record import chain_of, lock_chain
from consilium.blobs.models import Blob
from consilium.blobs.store import put
from consilium.bulk import insert_rows
from consilium.canonical_json import canonical_json
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.signatures.models import Meaning, Sitting
from consilium.signatures.sign import sign
from consilium.states.transitions import transition
from consilium.version import app_version
from curation.held_texts import name_problem
from curation.models import Release, ReleaseFile, ReleaseKind, ReleaseOrigin, ReleaseRow, ReleaseSideRow
from curation.permissions import check_sources
from curation.releases.background import background_rows, image_sources, protocol_of
from curation.releases.contents import Contents, FreezeRefused, NewRow, contents_of, in_batches
from curation.releases.manifest import FORMAT, digest_of
from curation.releases.registry import kind_made
from curation.releases.sign import release_content
from curation.states import ReleaseState

BATCH: Final = 500
COLUMNS: Final = ("release", "position", "row_id", "content", "sha256")
SIDE_COLUMNS: Final = ("table", *COLUMNS)
PATH: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*")
TABLE: Final = re.compile(r"[a-z][a-z_]{0,19}")


class EmptyRelease(FreezeRefused):
    """No row is left to freeze; the text counts the reasons."""


def freeze(
    *,
    study: Study,
    kind: str,
    name: str,
    rows: Iterable[NewRow],
    left_out: dict[str, int],
    by: Person,
    derived_from: Release | None = None,
) -> Release:
    """Make an immutable release of `rows`; the only way a Release comes into being.

    A lazy `rows` is read while the study is locked: a submission that arrives meanwhile waits and belongs to
    the next release. `left_out` maps a reason to a number of rows and may be filled while `rows` is read.
    Equal content gives an equal digest, whatever the name and the day.
    Raises NotAllowed, EmptyRelease, SourceRefused, FreezeRefused.
    """
    check_lead(by, study)
    check_release_name(study, kind, name, derived_from)
    with contents_of(kind) as contents, transaction.atomic():
        head = lock_study(study)
        release = Release.objects.create(
            study=study, kind=kind, name=name, derived_from=derived_from, created_by=by
        )
        store_rows(release, rows, contents)
        contents.sources |= image_sources(study, contents.files.values())
        _check_contents(contents, study, left_out)
        store_rows(release, background_rows(study, contents.sources), contents)
        sizes = store_files(release, contents.files)
        release.left_out, release.lines = dict(left_out), contents.put_lines(sizes)
        manifest = _manifest(release, contents, sizes, head)
        digest = digest_of(manifest)
        transition(
            release,
            ReleaseState.FROZEN,
            by=by,
            data={"digest": digest, "rows": contents.rows[kind], "kind": kind},
            digest=digest,
            row_count=contents.rows[kind],
            left_out=release.left_out,
            lines=release.lines,
            manifest=put(canonical_json(manifest), "application/json"),
            frozen_at=timezone.now(),
        )
        anchor_after_commit(study, cause="freeze")
    return release


@transaction.atomic
def withdraw_release(*, release: Release, reason: str, by: Person, sitting: Sitting | None = None) -> Release:
    """Mark a frozen release as not to be used any more; its rows stay readable for audits.

    Signed in the lead's sitting; None is a command that acts in a lead's name.
    Raises NotAllowed, FreezeRefused, NotSigned, TransitionRefused, StateChanged.
    """
    check_lead(by, release.study)
    if not reason.strip():
        raise FreezeRefused("Say why the release is withdrawn; the reason is shown to everybody who used it.")
    with transaction.atomic():
        transition(
            release, ReleaseState.WITHDRAWN, by=by, reason=reason, withdrawn_reason=reason.strip()[:300]
        )
        if sitting is not None:
            meaning = Meaning.WITHDRAWN
            content = release_content(release, meaning)
            sign(sitting=sitting, obj=release, study=release.study, meaning=meaning, content=content, by=by)
        anchor_after_commit(release.study, cause="withdrawal")
    return release


def rows_of(release: Release) -> "models.QuerySet[ReleaseRow]":
    """The rows in their order."""
    return ReleaseRow.objects.filter(release=release).order_by("position")


def texts_of(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any, tuple[str, str]]":
    """Id and content of rows, the content as the text that the database keeps: on SQLite the hashed one."""
    said = rows.annotate(said=Cast("content", models.TextField()))
    found: models.QuerySet[Any, tuple[str, str]] = said.values_list("row_id", "said")
    return found


def find_release(digest: str) -> Release:
    """The newest release whose digest starts with `digest` (8 or more hex digits), this site's own first.

    Raises FreezeRefused when there is none, or when the prefix fits two different digests.
    """
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise FreezeRefused("A digest is written with 8 to 64 hex digits.")
    origins = ReleaseOrigin.objects.filter(release=models.OuterRef("pk"))
    # Own releases have no origin: false sorts before true.
    own_first = Release.objects.annotate(came=models.Exists(origins)).order_by("came", "-frozen_at")
    found = list(own_first.filter(digest__startswith=digest))
    if not found:
        raise FreezeRefused(f"There is no release with the digest {digest}.")
    if len({release.digest for release in found}) > 1:
        raise FreezeRefused(f"Several releases have digests that start with {digest}; write more digits.")
    return found[0]


def check_release_name(study: Study, kind: str, name: str, derived_from: Release | None) -> None:
    """Raise FreezeRefused where a release of that kind (or freezer), name and origin cannot be made."""
    kind = kind_made(kind)
    if kind not in ReleaseKind.values:
        raise FreezeRefused(f"A release is one of {', '.join(ReleaseKind.values)}, not {kind!r}.")
    if not name.strip() or len(name) > 120:
        raise FreezeRefused("Give the release a name of at most 120 characters.")
    if problem := name_problem(name):
        raise FreezeRefused(f"Give the release another name. {problem}")
    if Release.objects.filter(study=study, kind=kind, name=name).exists():
        raise FreezeRefused(f"This study already has a {kind} release named {name!r}; choose another name.")
    if derived_from is not None and (derived_from.study_id != study.pk or not derived_from.digest):
        raise FreezeRefused("A release can derive from a frozen release of its own study only.")


def side_rows_of(release: Release, table: str) -> "models.QuerySet[ReleaseSideRow]":
    """The rows of one of the tables beside it, in their order."""
    return ReleaseSideRow.objects.filter(release=release, table=table).order_by("position")


def lock_study(study: Study) -> AuditHead:
    """Until the transaction ends nobody changes the study; its settings are read anew."""
    # The audit chain first, then the study: a use case takes the chain's lock before its commit checks the
    # foreign key to the study, so the other order could deadlock on PostgreSQL.
    head = lock_chain(chain_of(study))
    fresh = Study.objects.select_for_update().get(pk=study.pk)
    study.settings_data, study.guideline_id = fresh.settings_data, fresh.guideline_id
    study.protocol_hash, study.protocol_locked_at = fresh.protocol_hash, fresh.protocol_locked_at
    return head


def store_rows(release: Release, rows: Iterable[NewRow], contents: Contents) -> None:
    """Insert the rows a batch at a time, as they are read. Raises FreezeRefused."""
    try:
        for batch in in_batches(rows, BATCH):
            placed = [(row.table, _row(release.pk, row, contents)) for row in batch]
            insert_rows(ReleaseRow, COLUMNS, [values for table, values in placed if not table])
            side = [(table, *values) for table, values in placed if table]
            insert_rows(ReleaseSideRow, SIDE_COLUMNS, side)
    except IntegrityError:
        raise FreezeRefused("Two rows have the same id.") from None


def _row(release: int, row: NewRow, contents: Contents) -> tuple[str | int, ...]:
    """The values of COLUMNS; what is stored is the very text that was hashed."""
    if row.table and not TABLE.fullmatch(row.table):
        raise FreezeRefused(f"A table of a release cannot be named {row.table!r}.")
    if bad := next((path for path in row.files if not PATH.fullmatch(path)), None):
        raise FreezeRefused(f"The path {bad!r} may not stand in a release.")
    text = canonical_json(row.content)
    sha256 = hashlib.sha256(text).hexdigest()
    return release, contents.add(row, sha256), row.row_id, text.decode(), sha256


def _check_contents(contents: Contents, study: Study, left_out: dict[str, int]) -> None:
    if not contents.rows[contents.main]:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(left_out.items()))
        raise EmptyRelease(f"There is nothing to freeze. Left out: {reasons or 'nothing was offered'}.")
    if contents.main == ReleaseKind.TRACES:
        check_sources(study, contents.sources, "may_train")


def _manifest(release: Release, contents: Contents, sizes: dict[str, int], head: AuditHead) -> dict[str, Any]:
    assert release.lines_id is not None
    study, earlier = release.study, release.derived_from
    return {
        "format": FORMAT,
        "kind": str(release.kind),
        "study": study.slug,
        "name": release.name,
        "tables": dict(contents.rows),
        "files": {
            "number": len(contents.files),
            "bytes": sum(sizes[sha256] for sha256 in contents.files.values()),
        },
        "lines": release.lines_id,
        "left_out": release.left_out,
        "guideline_version": study.guideline.number if study.guideline else None,
        "protocol": protocol_of(study),
        "derived_from": earlier.digest if earlier else None,
        "app_version": app_version(),
        "created": release.created_at.date().isoformat(),  # what leaves is no finer than a day
        # Who has the release can show where the study's record stood: it travels like an anchor.
        "record": {"event": head.sequence, "sha256": head.sha256},
    }


def store_files(release: Release, files: dict[str, str]) -> dict[str, int]:
    """Insert the files; the size of each content. Raises FreezeRefused."""
    sizes: dict[str, int] = {}
    digests = sorted(set(files.values()))
    for start in range(0, len(digests), BATCH):
        chunk = Blob.objects.filter(sha256__in=digests[start : start + BATCH], purged_at=None)
        sizes |= dict(chunk.values_list("sha256", "size"))
    if missing := set(digests) - set(sizes):
        raise FreezeRefused(f"{len(missing)} files of the rows are not in the store.")
    stored = [ReleaseFile(release=release, path=path, blob_id=sha) for path, sha in sorted(files.items())]
    ReleaseFile.objects.bulk_create(stored, batch_size=BATCH)
    return sizes
