"""What the queue promises under concurrency, on real SQLite and PostgreSQL with several processes."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import with_roles
from tests.workqueue.race import READERS

Findings = dict[str, dict[str, Any]]


def race(home: Path, *, items: int = 8, database: dict[str, str] | None = None) -> Findings:
    findings: Findings = raced("tests.workqueue.race", home, RACE_ITEMS=str(items), **(database or {}))
    return findings


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def findings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, put_database: Put
) -> Findings:
    home = put_database(tmp_path_factory.mktemp("race"))
    if request.param == "sqlite":
        return race(home)
    return race(home, database=with_roles(request.getfixturevalue("postgres_server"), is_migrated=True))


def test_nothing_fails_and_everything_holds(findings: Findings) -> None:
    for name, found in findings.items():
        assert found["errors"] == [], name
        assert found["invariants"] == [], name


@pytest.mark.parametrize("name", ["everyone", "many_items"])
def test_no_reader_is_told_that_nothing_is_left(findings: Findings, name: str) -> None:
    taken = findings[name]["outcomes"]
    assert all(taken)
    assert len({(item, slot) for _, item, slot in taken}) == READERS


def test_three_seats_hold_exactly_three(findings: Findings) -> None:
    taken = [outcome for outcome in findings["three_seats"]["outcomes"] if outcome]
    assert sorted(slot for _, _, slot in taken) == [0, 1, 2]


def test_one_person_in_many_tabs_holds_one_claim(findings: Findings) -> None:
    assert len({token for token, *_ in findings["one_person"]["outcomes"]}) == 1


def test_one_person_in_many_tabs_keeps_one_ready(findings: Findings) -> None:
    tokens = [outcome[0] for outcome in findings["many_tabs_ahead"]["outcomes"] if outcome]
    assert len(set(tokens)) == 1


def test_who_asks_gets_work_whatever_is_kept_ready(findings: Findings) -> None:
    """Half hold an item each, so the rest is just enough for the other half, whom nobody may keep it from."""
    taken = [outcome for outcome in findings["asked_and_ahead"]["outcomes"] if outcome]
    assert len(taken) == READERS // 2
    assert len({item for _, item, _ in taken}) == READERS // 2


def test_one_key_at_once_is_one_row_and_one_reply(findings: Findings) -> None:
    assert findings["same_key"]["submissions"] == 1
    assert len({row for (row,) in findings["same_key"]["outcomes"]}) == 1


def test_two_keys_at_once_are_one_version_and_conflicts(findings: Findings) -> None:
    outcomes = [outcome for (outcome,) in findings["own_keys"]["outcomes"]]
    assert outcomes.count("VersionConflict") == READERS - 1
    assert findings["own_keys"]["submissions"] == 1


def test_late_submissions_on_the_last_seat_count_once(findings: Findings) -> None:
    assert sorted(surplus for (surplus,) in findings["late"]["outcomes"]) == [False] + [True] * (READERS - 1)


def test_working_until_empty_fills_every_seat(findings: Findings) -> None:
    done = [item for outcome in findings["until_empty"]["outcomes"] for item in outcome]
    assert findings["until_empty"]["submissions"] == len(done)
    for outcome in findings["until_empty"]["outcomes"]:
        assert len(outcome) == len(set(outcome))
    counts = {item: done.count(item) for item in done}
    assert len(counts) == 8
    assert min(counts.values()) >= 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_the_same_for_long(tmp_path: Path, seed: int) -> None:
    found = race(tmp_path, items=150 + seed)
    for name, finding in found.items():
        assert (finding["errors"], finding["invariants"]) == ([], []), name
