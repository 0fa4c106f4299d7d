"""The process that looks: what it can reach, what comes of it when it misbehaves, what it reads."""

import datetime
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consilium.jobs.handle import Cancelled
from curation.gate.process import NOT_LOOKED_AT, objection_to
from curation.gate.protocol import FILES, GateLimits, Objection, Wanted, parse_said
from curation.imaging.protocol import BadAnswerError
from curation.imaging.walls import Wall, WallsMissing
from tests.curation.gate.conftest import Become
from tests.curation.gate.test_watch import Notes
from tests.factories import curation as making
from tests.harness.denied_calls import DOCKER, NO_LANDLOCK, NO_WALLS, deny

HASTY = GateLimits(silent_seconds=2.0)


def looked_at(folder: Path, **options: Any) -> Objection | None:
    return objection_to(folder, Wanted(images={}), Notes(), **options)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("denied", [{}, DOCKER | NO_LANDLOCK], ids=["all granted", "Docker, no Landlock"])
def test_it_reaches_nothing_but_the_file_in_its_hand(
    folder: Path,
    tmp_path: Path,
    become_hostile: Become,
    monkeypatch: pytest.MonkeyPatch,
    denied: Mapping[str, int],
) -> None:
    home = tmp_path / "home"
    (home / "out").mkdir(parents=True)
    (home / "secret.key").write_text("the key")
    (home / "consilium.sqlite3").write_text("the votes")
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody:password@127.0.0.1/site")
    if denied:
        deny(monkeypatch, denied)
    become_hostile("tries everything", str(home))
    objection = looked_at(folder)
    assert objection is not None
    assert objection.message == "49 tried, done [], 1 file in hand, environment []."
    assert {path.name for path in home.rglob("*")} == {"out", "secret.key", "consilium.sqlite3"}


@pytest.mark.parametrize(
    "how",
    [
        "dies", "is killed", "falls silent", "says rubbish", "says half a line", "passes it too early",
        "asks for a secret", "speaks without end", "speaks after its verdict",
    ],
)  # fmt: skip
def test_whatever_it_does_but_look_is_a_refusal(folder: Path, become_hostile: Become, how: str) -> None:
    started = become_hostile(how)
    assert looked_at(folder, limits=HASTY) == NOT_LOOKED_AT
    (pid,) = started
    assert not is_running(pid)


def test_what_it_errs_over_is_named_by_its_file_alone(folder: Path, become_hostile: Become) -> None:
    become_hostile("errs")
    assert looked_at(folder) == Objection("File rows.jsonl: it cannot be read to its end.")


def test_whoever_waits_for_it_can_stop_it(folder: Path, become_hostile: Become) -> None:
    started = become_hostile("falls silent")
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        looked_at(folder, check=check)
    (pid,) = started
    assert not is_running(pid)


def test_nothing_is_looked_at_without_walls_unless_an_operator_signs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, NO_WALLS)
    with pytest.raises(WallsMissing, match=r"^Nothing is exported on this server.*not walled off from the n"):
        looked_at(folder)
    with pytest.raises(WallsMissing):
        looked_at(folder, without=[Wall.NETWORK, Wall.FILES])
    assert looked_at(folder, without=list(Wall)) is None


def test_more_files_than_one_handful_are_all_looked_at(folder: Path) -> None:
    number = 2 * FILES + 3
    images = {}
    (folder / "images").mkdir()
    for place in range(number):
        name, content = f"images/{place:04d}.png", making.png((place, 0, 0))
        (folder / name).write_bytes(content)
        images[name] = hashlib.sha256(content).hexdigest()
    wanted = Wanted(images=images, usable=set(images.values()))
    assert objection_to(folder, wanted, Notes()) is None
    last = max(images)
    without = Wanted(images=images, usable=set(images.values()) - {images[last]})
    objection = objection_to(folder, without, Notes())
    assert objection == Objection(f"Image {last}: its pixels are not, or no longer, released after review.")


def test_a_link_and_what_is_no_file_are_refused(folder: Path) -> None:
    (folder / "a.md").symlink_to("/etc/passwd")
    refused = Objection("File a.md: its name is not one an export may have.")
    assert looked_at(folder) == refused
    (folder / "a.md").unlink()
    os.mkfifo(folder / "a.md")
    assert looked_at(folder) == refused
    (folder / "a.md").unlink()
    (folder / "b").symlink_to(folder.parent, target_is_directory=True)
    assert looked_at(folder) == Objection("File b: its name is not one an export may have.")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"Jane Roe"]),
        pa.array([datetime.datetime(2024, 3, 12, 8, 30, tzinfo=datetime.UTC)]),
        pa.array([datetime.date(2024, 3, 12)]),
        pa.array(["Jane Roe"]).dictionary_encode(),
        pa.array([[{"what": b"Jane Roe"}]]),
    ],
    ids=["bytes", "moment", "day", "dictionary", "nested bytes"],
)
def test_a_column_in_which_nobody_looks_is_refused(folder: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"id": ["case-1"], "told": column}), folder / "data.parquet")
    assert looked_at(folder) == Objection("File data.parquet: it cannot be read to its end.")
    pq.write_table(pa.table({"id": ["case-1"], "told": pa.array([3.5])}), folder / "data.parquet")
    assert looked_at(folder) is None


def test_a_damaged_file_is_refused(folder: Path) -> None:
    for name, content in (("a.parquet", b"PAR1 and no more"), ("a.json", b"{"), ("a.md", b"# \xff\xfe")):
        (folder / name).write_bytes(content)
        assert looked_at(folder) == Objection(f"File {name}: it cannot be read to its end.")
        (folder / name).unlink()


def test_what_the_patterns_found_is_named_by_kind_and_digest(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"id": "case-1", "text": "Taken on 12 March 2024."}\n')
    objection = objection_to(folder, Wanted(images={}, harmless_key=b"k"), Notes())
    assert objection is not None
    assert objection.message == "rows.jsonl, row case-1, field text: it holds a date."
    assert (objection.kind, len(objection.digest)) == ("date", 64)
    harmless = Wanted(images={}, harmless_key=b"k", harmless={objection.digest})
    assert objection_to(folder, harmless, Notes()) is None


@pytest.mark.parametrize(
    "line",
    [
        b"", b"[]", b"{}", b'{"ask": "clean"}', b'{"ask": "clean", "digests": ["x"]}', b'{"passed": 1}',
        b'{"ask": "clean", "digests": ["' + b"0" * 32 + b'"], "more": 1}', b'{"read": [1]}',
        b'{"refused": "", "kind": "", "digest": ""}', b'{"refused": "a\\nb", "kind": "", "digest": ""}',
        b'{"refused": "x", "kind": "secret", "digest": "' + b"0" * 64 + b'"}',
        b'{"refused": "x", "kind": "date", "digest": ""}', b'{"refused": "x"}', b"[" * 100_000,
        b'{"refused": "' + b"x" * 501 + b'", "kind": "", "digest": ""}',
    ],
)  # fmt: skip
def test_what_it_may_not_say_is_not_believed(line: bytes) -> None:
    with pytest.raises(BadAnswerError):
        parse_said(line)
