"""Names that climb, archives that would unpack anywhere, questions that are bombs: nothing comes in."""

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from consilium.jobs.run import run_now
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Image, Import, Question
from tests.curation.imports.test_run import line
from tests.factories import curation as making
from tests.factories.cast import Cast

NAMES = (
    "../../climbed.png",
    "/climbed.png",
    "C:\\climbed.png",
    "..\\..\\climbed.png",
    "con",
    "x" * 300 + ".png",
    "a\u202egnp.png",
    "b\0.png",
    "c\n.png",
    ".",
    "..",
    "",
)


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """A data folder with room above it, where a climbing name would land."""
    folder = tmp_path / "one" / "two" / "home"
    folder.mkdir(parents=True)
    settings.CONSILIUM_HOME = folder
    return folder


def imported(cast: Cast, files: list[tuple[str, bytes]]) -> Import:
    batch = start_import(
        study=cast.study,
        source=making.source(cast.study),
        files=[Upload(name, [content]) for name, content in files],
        by=cast.lena,
    )
    job = run_now(batch.job)
    assert job.state == "succeeded", job.error_detail
    batch.refresh_from_db()
    return batch


def outside(home: Path) -> list[str]:
    """Files beside and above the data folder."""
    top = home.parents[1]
    return [str(path) for path in top.rglob("*") if path.is_file() and home not in path.parents]


def archive(*entries: tuple[str, bytes], mode: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            packed.writestr(entry, content)
    return out.getvalue()


@pytest.mark.django_db
def test_no_name_of_an_upload_decides_where_anything_is_written(cast: Cast, home: Path) -> None:
    files = [(name, making.png((number, 2, 3))) for number, name in enumerate(NAMES)]
    batch = imported(cast, files)
    assert (batch.accepted, Image.objects.count()) == (len(NAMES), len(NAMES))
    assert outside(home) == []
    stored = [path for path in home.rglob("*") if path.is_file()]
    assert stored
    assert [path for path in stored if "climbed" in path.name or path.name == "con"] == []


@pytest.mark.django_db
def test_no_archive_is_unpacked_whatever_its_entries_are_called(cast: Cast, home: Path) -> None:
    picture = making.png((1, 2, 3))
    archives = {
        "climbs.zip": archive(("../../climbed.png", picture)),
        "absolute.zip": archive(("/climbed.png", picture), ("C:\\climbed.png", picture)),
        "link.zip": archive(("a.png", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777),
        "nested.zip": archive(("inner.zip", archive(("a.png", picture)))),
        "bomb.zip": archive(("a.png", bytes(20_000_000))),
        "zero.zip": archive(("a\0.png", picture)),
        "pretends.png": archive(("a.png", picture)),
    }
    batch = imported(cast, [*archives.items(), ("fine.png", picture)])
    refused = {each["item"]: each["reason"] for each in batch.refused_names}
    assert set(refused) == set(archives)
    assert {"ZIP archive" in reason for reason in refused.values()} == {True}
    assert (batch.accepted, Image.objects.count(), outside(home)) == (1, 1, [])


@pytest.mark.django_db
def test_questions_that_are_bombs_are_refused_line_by_line(cast: Cast, home: Path) -> None:
    deep = b'{"id": "Q2", "question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    lists = b'{"id": "Q3", "question": "What?", "options": ' + b'{"A":' * 1000 + b"1" + b"}" * 1001 + b"\n"
    number = b'{"id": "Q4", "question": "What?", "answer": ' + b"9" * 100_000 + b"}\n"
    polluted = json.dumps({**json.loads(line(5, "a.png")), "__proto__": {"is_operator": True}}).encode()
    batch = imported(
        cast,
        [
            ("a.png", making.png((1, 1, 1))),
            ("q.jsonl", line(1, "a.png") + deep + lists + number + polluted + b"\n"),
        ],
    )
    refused = {each["item"] for each in batch.refused_names}
    assert refused >= {"q.jsonl line 2", "q.jsonl line 3", "q.jsonl line 4"}
    for question in Question.objects.all():
        assert question.external_id in {"Q1", "Q5"}
        assert "__proto__" not in json.dumps({**vars(question), "_state": None}, default=str)
