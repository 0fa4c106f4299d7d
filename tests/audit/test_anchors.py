"""Anchors: when they are written, where, and that nothing cut, rewritten or forged passes them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from consilium.audit import anchors
from consilium.audit.anchor_file import NAME, Anchor, SecondPlaceMissed, append, read_places
from consilium.audit.append_only import Refusal
from consilium.audit.models import AnchoredEnd, AuditEvent, AuditHead
from consilium.audit.record import record
from consilium.audit.verify import verify_record
from consilium.people.models import Study
from consilium.people.participation import withdraw_participation
from tests.audit import tamper
from tests.factories.cast import Cast
from tests.harness.servers import new_database

ROOT = Path(__file__).resolve().parents[2]
KEY = "the record key of the tests, which is at least as long as it has to be"
DAY = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


def write(study: Study, count: int = 1) -> None:
    for _ in range(count):
        with transaction.atomic():
            record(action="test.done", obj=study, by=None, study=study)


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "LOOKS_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(anchors, "_looks_again_at", [0.0])


@pytest.fixture
def first(settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path / "home"
    settings.CONSILIUM_HOME.mkdir(mode=0o700)
    return tmp_path / "home" / "anchors"


@pytest.fixture
def second(first: Path, settings: Any, tmp_path: Path) -> Path:
    settings.SECOND_ANCHORS = tmp_path / "second"
    return tmp_path / "second"


def lines(place: Path) -> list[dict[str, Any]]:
    path = place / NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sentences() -> list[str]:
    return [str(found) for found in verify_record().breaks]


# When


def test_the_sweeper_anchors_what_moved_once_an_hour_and_new_chains_at_once(cast: Cast, first: Path) -> None:
    write(cast.study, 3)
    anchors.sweep()
    anchors.sweep()
    (anchor,) = lines(first)
    head = AuditHead.objects.get(chain="study:chest")
    assert (anchor["chain"], anchor["sequence"], anchor["count"]) == ("study:chest", 3, 3)
    assert (anchor["sha256"], anchor["cause"]) == (head.sha256, "hour")
    write(cast.study)
    write(cast.other_study)
    anchors.sweep()
    assert [line["chain"] for line in lines(first)] == ["study:chest", "study:other"]
    AnchoredEnd.objects.update(at=timezone.now() - timedelta(minutes=61))
    anchors.sweep()
    assert [(line["chain"], line["sequence"]) for line in lines(first)[2:]] == [("study:chest", 4)]
    assert sentences() == []


def test_an_act_that_matters_is_anchored_when_it_has_committed(
    cast: Cast, first: Path, django_capture_on_commit_callbacks: Any
) -> None:
    participation = cast.study.participations.get(person=cast.anna)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_participation(participation=participation, by=cast.anna)
        assert lines(first) == []
    assert [(line["sequence"], line["cause"]) for line in lines(first)] == [(1, "withdrawal")]


def test_an_anchor_that_cannot_be_written_stops_nobody(cast: Cast, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    settings.CONSILIUM_HOME = tmp_path / "home"
    write(cast.study)
    anchors.anchor_or_log(cause="test")
    assert not AnchoredEnd.objects.exists()


def test_a_chain_that_is_broken_gets_no_anchor(cast: Cast, first: Path) -> None:
    write(cast.study, 3)
    Refusal("audit_auditevent").remove(connection)
    AuditEvent.objects.filter(sequence=2).update(reason="was never said")
    assert anchors.anchor_chains(cause="test") == 0
    assert lines(first) == []


# The database is attacked


@pytest.fixture
def anchored(cast: Cast, first: Path) -> None:
    write(cast.study, tamper.EVENTS)
    anchors.anchor_chains(cause="test")


REWRITTEN = rf"differs from the anchor of {DAY}: the chain was rewritten here or before\."
CUT = rf"the chain ends before it, but event 10 was anchored on {DAY}: its end was cut off\."
FOUND = {
    "change": f"Study chest, event 10: {REWRITTEN}",
    "delete": f"Study chest, event 10: {CUT}",
    "insert": f"Study chest, event 10: {REWRITTEN}",
    "cut": f"Study chest, event 7: {CUT}",
    "cut all": f"Study chest, event 1: {CUT}",
}


def assert_found(way: str, told: dict[str, list[str]]) -> None:
    assert told["alone"] == [], "the forger made everything fit"
    (sentence,) = told["anchored"]
    assert re.fullmatch(FOUND[way], sentence)


@pytest.mark.parametrize("way", tamper.WAYS)
def test_what_the_owner_of_the_database_does_is_found_by_the_anchors_alone(anchored: None, way: str) -> None:
    assert_found(way, tamper.found_after(way))


@pytest.mark.services
def test_the_same_is_found_on_postgresql_where_a_superuser_took_the_triggers_away(
    postgres_server: str, tmp_path: Path
) -> None:
    database = new_database(postgres_server, is_migrated=True)
    env = {**os.environ, "CONSILIUM_HOME": str(tmp_path), "DATABASE_URL": database}
    command = [sys.executable, "-m", "tests.audit.tamper"]
    ran = subprocess.run(command, env=env, check=False, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    for way, told in json.loads(ran.stdout).items():
        assert_found(way, told)


def test_events_after_the_last_anchor_and_anchors_of_other_chains_are_no_break(
    cast: Cast, first: Path, second: Path
) -> None:
    write(cast.study, 2)
    anchors.anchor_chains(cause="test")
    write(cast.study, 2)
    write(cast.other_study)
    anchors.anchor_chains(["study:other"], cause="test")
    found = verify_record()
    assert (found.events, found.anchors, found.breaks, found.unchecked) == (5, 2, [], "")


# The files are attacked


@pytest.fixture
def both(cast: Cast, second: Path) -> None:
    """Three anchors in both places."""
    for _ in range(3):
        write(cast.study)
        anchors.anchor_chains(cause="test")


def rewrite(place: Path, change: Callable[[list[str]], Any]) -> None:
    held = (place / NAME).read_text().splitlines(keepends=True)
    change(held)
    (place / NAME).write_text("".join(held))


def forge(held: list[str]) -> None:
    held[1] = held[1].replace(json.loads(held[1])["sha256"], "f" * 64)


def test_both_places_hold_the_same(both: None, first: Path, second: Path) -> None:
    assert (first / NAME).read_bytes() == (second / NAME).read_bytes()
    assert len(lines(second)) == 3
    assert set(AnchoredEnd.objects.values_list("has_second_place", flat=True)) == {True}
    assert sentences() == []


@pytest.mark.parametrize("attacked", ["data folder", "second place"])
def test_an_anchor_taken_off_the_end_of_one_place_is_found_by_the_other(
    both: None, first: Path, second: Path, attacked: str
) -> None:
    rewrite(first if attacked == "data folder" else second, lambda held: held.pop())
    (sentence,) = sentences()
    assert re.fullmatch(
        rf"Study chest, event 3: the anchor of {DAY} is missing in the {attacked}\.", sentence
    )


def test_a_place_that_lost_all_its_anchors_is_found(both: None, first: Path) -> None:
    (first / NAME).unlink()
    told = sentences()
    assert [sentence.split(":")[0] for sentence in told] == [f"Study chest, event {n}" for n in (1, 2, 3)]
    assert all(sentence.endswith("is missing in the data folder.") for sentence in told)


def test_an_anchor_taken_out_of_the_middle_is_found_in_one_place_alone(
    both: None, first: Path, settings: Any
) -> None:
    settings.SECOND_ANCHORS = None
    rewrite(first, lambda held: held.pop(1))
    (sentence,) = sentences()
    assert sentence.startswith("Study chest, event 3: the anchor of")
    assert sentence.endswith("follows one that was taken out or changed in the data folder.")


def test_a_forged_anchor_is_found(both: None, first: Path, settings: Any) -> None:
    settings.SECOND_ANCHORS = None
    rewrite(first, forge)
    (sentence,) = sentences()
    assert sentence.startswith("Study chest, event 2: the anchor of")
    assert sentence.endswith("is forged (its signature is wrong) in the data folder.")


def test_an_anchor_of_a_chain_with_holes_is_found(cast: Cast, first: Path, settings: Any) -> None:
    write(cast.study, 2)
    end = AuditHead.objects.get(chain="study:chest")
    holed = Anchor(end.chain, 2, end.sha256, 1, "2026-11-20T00:00:00+00:00", "test")
    append(first, [holed], settings.RECORD_KEY, None)
    (sentence,) = sentences()
    assert sentence.endswith("was written when the chain had 1 events.")


def test_without_the_record_key_the_command_says_that_anchors_are_unchecked(
    both: None, settings: Any
) -> None:
    settings.RECORD_KEY = KEY
    with pytest.raises(CommandError, match="6 of 6 anchors could not be checked") as ended:
        call_command("verify_audit", stdout=StringIO())
    assert ended.value.returncode == 2


def test_without_any_anchor_the_command_does_not_call_the_record_whole(cast: Cast, first: Path) -> None:
    call_command("verify_audit", stdout=StringIO())
    write(cast.study)
    with pytest.raises(CommandError, match="there are none: a cut end would not be seen") as ended:
        call_command("verify_audit", stdout=StringIO())
    assert ended.value.returncode == 2


def test_a_break_is_told_in_words_and_by_the_exit_status(both: None, first: Path) -> None:
    rewrite(first, forge)
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_audit", stdout=out)
    assert ended.value.returncode == 1
    assert re.search(r"^  Study chest, event 2: the anchor of .* is forged", out.getvalue(), re.MULTILINE)


# The second place is away


def test_a_second_place_that_was_away_gets_what_it_missed(
    cast: Cast, first: Path, second: Path, tmp_path: Path
) -> None:
    second.touch()  # a file: no folder can be made there, as on a mount that is gone
    write(cast.study)
    anchors.anchor_chains(cause="test")
    assert len(lines(first)) == 1
    assert not AnchoredEnd.objects.get().has_second_place
    second.unlink()
    anchors.sweep()
    assert (first / NAME).read_bytes() == (second / NAME).read_bytes()
    assert AnchoredEnd.objects.get().has_second_place


def test_a_second_place_that_differs_is_never_written_over(both: None, first: Path, second: Path) -> None:
    rewrite(second, forge)
    kept = (second / NAME).read_bytes()
    with pytest.raises(SecondPlaceMissed):
        append(first, [], KEY, second)
    assert (second / NAME).read_bytes() == kept


# The file itself


def made(number: int) -> Anchor:
    return Anchor("system", number, f"{number:064x}", number, "2026-11-20T00:00:00+00:00", "test")


def test_a_line_torn_by_a_crash_harms_neither_what_stood_before_nor_what_follows(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    append(first, [made(1)], KEY, second)
    with (first / NAME).open("ab") as file:
        file.write((first / NAME).read_bytes()[:100])
    append(first, [made(2)], KEY, second)
    append(first, [made(3)], KEY, second)
    for place in read_places(first, second, KEY):
        assert [signed.anchor.sequence for signed in place] == [1, 2, 3]
        assert all(signed.follows and signed.is_genuine for signed in place)


PROGRAM = """
import sys
from pathlib import Path
from consilium.audit.anchor_file import Anchor, append
first, second, chain, key = sys.argv[1:]
sys.stdin.readline()
for n in range(1, 21):
    anchor = Anchor(chain, n, "0" * 64, n, "2026-11-20T00:00:00+00:00", "test")
    append(Path(first), [anchor], key, Path(second))
"""


def test_processes_that_anchor_at_once_make_one_unbroken_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    command = [sys.executable, "-c", PROGRAM, str(first), str(second)]
    started = [
        subprocess.Popen([*command, chain, KEY], cwd=ROOT, stdin=subprocess.PIPE)
        for chain in ("a", "b", "c", "d")
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
        assert process.returncode == 0
    places = read_places(first, second, KEY)
    assert [len(place) for place in places] == [80, 80]
    assert all(signed.follows and signed.is_genuine for place in places for signed in place)
    assert (first / NAME).read_bytes() == (second / NAME).read_bytes()


def test_the_page_of_the_record_says_when_it_was_anchored_and_where(
    cast: Cast, first: Path, settings: Any, client: Any, tmp_path: Path
) -> None:
    def told() -> str:
        page = client.get("/s/chest/record/").content.decode()
        (line,) = re.findall(r'<p class="muted small">(.*?) An anchor is', page)
        return str(line).replace("\xa0", " ")

    client.force_login(cast.lena)
    write(cast.study, 3)
    assert told() == "Not anchored yet; a running worker does that within a minute."
    anchors.anchor_chains(cause="test")
    assert told() == "Last anchored 0 minutes ago, at event 3; in a second place: no, none is set."
    settings.SECOND_ANCHORS = tmp_path / "second"
    assert told().endswith("in a second place: not yet, it could not be reached.")
    anchors.sweep()
    assert told().endswith("in a second place: yes.")
