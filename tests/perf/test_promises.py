"""The table of `make perf` says what holds, and never that something holds that was not measured."""

import pytest

from perf.promises import PROMISES, Pick, Promise, judge, table

OURS, THEIRS = Pick("day", "next.p95", (("subject", "own"),)), Pick("day", "next.p95", (("subject", "peer"),))


def lines(own: float | None = None, peer: float | None = None) -> dict[str, list[dict[str, object]]]:
    values = {"own": own, "peer": peer}
    return {"day": [{"subject": who, "next": {"p95": it}} for who, it in values.items() if it is not None]}


@pytest.mark.parametrize(("own", "holds"), [(20.0, True), (20.1, False)])
def test_a_ratio_is_held_against_the_peer(own: float, holds: bool) -> None:
    row = judge(Promise("next", "ms", 0.2, OURS, THEIRS, is_ratio=True), lines(own, 100))
    assert row.ratio == pytest.approx(own / 100)
    assert row.holds is holds


@pytest.mark.parametrize(("own", "holds"), [(10.0, True), (9.9, False)])
def test_a_least_ratio_turns_the_comparison(own: float, holds: bool) -> None:
    row = judge(Promise("speed", "1/s", 10, OURS, THEIRS, is_ratio=True, is_least=True), lines(own, 1))
    assert row.holds is holds


def test_a_limit_of_ours_alone_is_judged_without_the_peer() -> None:
    row = judge(Promise("next", "ms", 100, OURS, THEIRS), lines(99))
    assert (row.holds, row.beside, row.ratio) == (True, None, None)


def test_a_ratio_without_its_peer_shows_ours_and_says_why_it_is_not_judged() -> None:
    row = judge(Promise("next", "ms", 0.2, OURS, THEIRS, is_ratio=True), lines(12.34))
    assert (row.ours, row.holds, row.why) == (12.34, None, "not installed")


def test_what_was_not_measured_does_not_hold() -> None:
    row = judge(Promise("next", "ms", 100, OURS), {})
    assert (row.holds, row.why) == (None, "not measured")


def test_a_figure_that_a_line_does_not_have_is_not_measured() -> None:
    row = judge(Promise("next", "ms", 100, Pick("day", "next.p50.more", OURS.where)), lines(1))
    assert row.why == "not measured"


def test_zero_of_ours_is_a_figure() -> None:
    assert judge(Promise("errors", "", 0, OURS), lines(0)).holds is True


def test_errors_are_added_up_over_the_lines_of_ours() -> None:
    own = {"is_peer": False, "errors": 1}
    errors = Pick("day", "errors", (("is_peer", False),), is_sum=True)
    row = judge(Promise("errors", "", 0, errors), {"day": [own, own, {"is_peer": True, "errors": 9}]})
    assert (row.ours, row.holds) == (2, False)
    assert errors.of({"day": [{"is_peer": True, "errors": 9}]}) is None


def test_the_table_aligns_and_names_the_goal() -> None:
    promises = (Promise("next", "ms", 0.2, OURS, THEIRS, is_ratio=True), Promise("short", "s", 2, OURS))
    printed = table([judge(promise, lines(30, 1234)) for promise in promises]).splitlines()
    assert printed == [
        "promise  goal       ours    beside   ratio  holds",
        "next     <= 0.2 x  30 ms  1,234 ms  0.0243  yes",
        "short    <= 2 s     30 s         -       -  NO",
    ]


def test_every_promise_is_named_once() -> None:
    names = [promise.says for promise in PROMISES]
    assert len(names) == len(set(names))
