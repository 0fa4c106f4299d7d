"""A freeze that is killed or finds the disk full at a write: nothing is left, the next try is whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from consilium.audit.verify import verify_chains
from curation.models import Release, ReleaseFile, ReleaseKind, ReleaseRow, ReleaseSideRow
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze, rows_of
from curation.releases.verify import verify
from tests.factories import releases as making
from tests.factories.cast import Cast
from tests.harness.nth_write import (
    Killed,
    full_database,
    full_disk,
    kill,
    stopped_in_database,
    stopped_on_disk,
)

MODELS = (Release, ReleaseRow, ReleaseSideRow, ReleaseFile)
FAULTS = [
    (stopped_in_database, kill), (stopped_in_database, full_database), (stopped_on_disk, kill),
    (stopped_on_disk, full_disk),
]  # fmt: skip
every_fault = pytest.mark.parametrize(("stopped", "problem"), FAULTS)


@pytest.fixture(autouse=True)
def _scratch_of_this_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a kill leaves of the manifest's lines lies where pytest cleans up."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def rows(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[NewRow]:
    """Rows of a release of traces; they are stored in several batches."""
    monkeypatch.setattr("curation.releases.freeze.BATCH", 2)
    made = making.traces(cast)
    return [
        NewRow(row.row_id, row.content, dict(zip(row.content["images"], row.content["sha256"], strict=True)))
        for row in rows_of(made)
    ]


def frozen(cast: Cast, rows: list[NewRow], name: str) -> Release:
    left_out = {name: 1}  # a manifest of its own, that is not in the store yet
    kind = ReleaseKind.TRACES
    return freeze(study=cast.study, kind=kind, name=name, rows=rows, left_out=left_out, by=cast.lena)


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


def check(cast: Cast, rows: list[NewRow], fault: Any, chosen: Callable[[int], list[int]]) -> int:
    """How many tries ended at their fault: what an earlier one put into the store needs no write again."""
    stopped, problem = fault
    with stopped() as count:
        frozen(cast, rows, "Undisturbed")
    before, fired = counts(), 0
    for number in chosen(count.seen):
        with stopped(number, problem) as tried:
            try:
                with transaction.atomic():
                    frozen(cast, rows, f"Try {number}")
            except (Killed, OSError, DatabaseError):
                fired += 1
                assert counts() == before, f"write {number} left something"
            else:
                assert tried.seen < number
        made = Release.objects.filter(name=f"Try {number}").first() or frozen(cast, rows, f"Try {number}")
        assert (verify(made), made.row_count) == ([], 4)
        before = counts()
    assert verify_chains()[1] == []
    return fired


@every_fault
def test_a_fault_at_a_write_leaves_nothing(
    cast: Cast, rows: list[NewRow], stopped: Any, problem: Any
) -> None:
    assert check(cast, rows, (stopped, problem), lambda total: [1, total // 2, total - 1]) > 0


@pytest.mark.soak
@every_fault
def test_a_fault_at_every_write(cast: Cast, rows: list[NewRow], stopped: Any, problem: Any) -> None:
    fired = check(cast, rows, (stopped, problem), lambda total: list(range(1, total + 1)))
    assert fired > (8 if stopped is stopped_in_database else 1)
