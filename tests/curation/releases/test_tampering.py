"""One thing changed in what a release is made of: verify names it, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from consilium.audit import protection
from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from curation.models import Release, ReleaseFile, ReleaseRow, ReleaseSideRow
from curation.releases.freeze import rows_of, side_rows_of
from curation.releases.manifest import FILES, lines_of, manifest_of
from curation.releases.verify import verify
from tests.factories import releases as making
from tests.factories.cast import make_cast
from tests.harness.kept_rows import kept_rows, put_back, stored_files
from tests.harness.stored import path_of

TABLES = ("curation_release", "curation_releaserow", "curation_releasesiderow", "curation_releasefile")


Kept = tuple[Release, dict[Path, bytes]]


def _make() -> Kept:
    return making.preferences(make_cast()), stored_files()


@pytest.fixture(scope="module")
def kept_release(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    with kept_rows(django_db_blocker, _make) as kept:
        yield kept


@pytest.fixture
def release(db: None, kept_release: Kept) -> Release:
    made, files = kept_release
    put_back(files)
    assert verify(made) == []
    for refusal in protection.declared():
        if refusal.table in (*TABLES, "audit_auditevent"):
            refusal.remove(connection)
    return deepcopy(made)


@dataclass(frozen=True)
class Harm:
    """What is done to a release, and what verify says of it."""

    do: Callable[[Release], Any]
    told: str


def flip(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def cut(content: bytes) -> bytes:
    return content[:-1]


def row(release: Release, place: int = 1) -> "Any":
    return ReleaseRow.objects.filter(pk=rows_of(release)[place].pk)


def vote(release: Release, place: int = 1) -> "Any":
    return ReleaseSideRow.objects.filter(pk=side_rows_of(release, "votes")[place].pk)


def with_other(found: Any, **fields: Any) -> None:
    one = found.get()
    found.update(content=one.content | fields)


ROWS = {
    "a row": Harm(lambda made: with_other(row(made), answer_a="Other."), "Row {row} was changed."),
    "a label": Harm(lambda made: with_other(row(made), label={}), "Row {row} was changed."),
    "a row's id": Harm(lambda made: row(made).update(row_id="case-0"), "Row case-0 is not in the manifest."),
    "a row gone": Harm(lambda made: row(made).delete(), "Row {row} is missing."),
    "the last row cut off": Harm(lambda made: row(made, 4).delete(), "Row {last} is missing."),
    "a vote": Harm(lambda made: with_other(vote(made), harm="a"), "Row of votes {vote} was changed."),
    "a vote gone": Harm(lambda made: vote(made).delete(), "Row of votes {vote} is missing."),
    "the last vote cut off": Harm(
        lambda made: vote(made, 14).delete(), "Row of votes {last_vote} is missing."
    ),
    "a source's permission": Harm(
        lambda made: with_other(
            ReleaseSideRow.objects.filter(table="sources"), may_train=True, licence="CC0"
        ),
        "Row of sources {source} was changed.",
    ),
    "a file gone": Harm(
        lambda made: ReleaseFile.objects.filter(path=a_file(made).path).delete(), "File {file} is missing."
    ),
    "a file of another content": Harm(
        lambda made: ReleaseFile.objects.filter(path=a_file(made).path).update(blob=made.manifest),
        "File {file} points to another content.",
    ),
    "a file's path": Harm(
        lambda made: ReleaseFile.objects.filter(path=a_file(made).path).update(path="images/x.png"),
        "File images/x.png is not in the manifest.",
    ),
    "the digest": Harm(
        lambda made: Release.objects.update(digest="0" * 64),
        "The manifest does not give the digest that names the release.",
    ),
    "the kind": Harm(lambda made: Release.objects.update(kind="questions"), "The release's kind is not"),
    "what was left out": Harm(
        lambda made: Release.objects.update(left_out={"x": 1}), "The release's left_out is not"
    ),
    "the number of rows": Harm(
        lambda made: Release.objects.update(row_count=4), "The number of rows is not the manifest's."
    ),
    "an audit row": Harm(
        lambda made: named_event(made).update(reason="was never said"),
        "The study's record does not hold event {event} as the manifest names it.",
    ),
    "an audit row gone": Harm(
        lambda made: named_event(made).delete(),
        "The study's record does not hold event {event} as the manifest names it.",
    ),
}


def a_file(release: Release) -> ReleaseFile:
    found = ReleaseFile.objects.filter(release=release).order_by("path").first()
    assert found is not None
    return found


def named_event(release: Release) -> "Any":
    return AuditEvent.objects.filter(study=release.study, sequence=manifest_of(release)["record"]["event"])


@pytest.mark.parametrize("name", list(ROWS))
def test_verify_names_what_was_changed_in_the_database(release: Release, name: str) -> None:
    names = {
        "row": rows_of(release)[1].row_id,
        "last": rows_of(release)[4].row_id,
        "vote": side_rows_of(release, "votes")[1].row_id,
        "last_vote": side_rows_of(release, "votes")[14].row_id,
        "source": side_rows_of(release, "sources")[0].row_id,
        "file": a_file(release).path,
        "event": manifest_of(release)["record"]["event"],
    }
    ROWS[name].do(release)
    release.refresh_from_db()
    told = verify(release)
    assert ROWS[name].told.format(**names) in "\n".join(told)
    if "audit" in name:
        assert any(f"event {names['event']}" in str(one) for one in verify_chains()[1])


@contextmanager
def other_bytes(path: Path, change: Callable[[bytes], bytes] | None) -> Any:
    original, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o600)
    path.unlink() if change is None else path.write_bytes(change(original))
    yield
    path.write_bytes(original)
    path.chmod(mode)


LINES = "Manifest: the file of its lines is missing or was changed."
MANIFEST = "Manifest: A stored file"


@pytest.mark.parametrize("change", [flip, cut, lambda content: content + b"\n", None])
@pytest.mark.parametrize("what", ["file", "lines", "manifest"])
def test_verify_names_the_stored_file_whose_bytes_are_others(
    release: Release, what: str, change: Callable[[bytes], bytes] | None
) -> None:
    blobs = {"file": a_file(release).blob_id, "lines": release.lines_id, "manifest": release.manifest_id}
    told = {"file": f"File {a_file(release).path} ", "lines": LINES, "manifest": MANIFEST}
    with other_bytes(path_of(str(blobs[what])), change):
        (found,) = verify(release)
    assert found.startswith(told[what])
    assert verify(release) == []


def test_lines_in_another_order_are_told_though_each_is_true(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    files_first = sorted(lines_of(manifest_of(release)), key=lambda line: line.table != FILES)
    monkeypatch.setattr("curation.releases.verify.lines_of", lambda manifest: iter(files_first))
    found = verify(release)
    assert any("out of order" in each for each in found)
    assert any("missing" in each or "manifest's order" in each for each in found)
