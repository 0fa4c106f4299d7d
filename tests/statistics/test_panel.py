"""Panels of judges: columns, juries, biases by hand, and what no reordering may change."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.judge_scores import Board, judge_board
from consilium.statistics.panel import JudgedCase, Panel, with_jury
from consilium.statistics.repeats import repeat_stability
from consilium.statistics.undefined import Undefined
from consilium.statistics.whole_columns import WholeColumns

OTHER = {"A": "B", "B": "A", "tie": "tie", None: None}
SAID = ("A", "B", "tie", None)
Judges = dict[str, list[JudgedCase]]


def case(
    number: int, forward: str | None, backward: str | None, label: str | None = "A", **more: str
) -> JudgedCase:
    return JudgedCase(
        f"c{number}", number, {"overall": label}, {"overall": forward}, {"overall": backward}, **more
    )


def panel_of(seed: int, judges: int, cases: int) -> Judges:
    """Judges with gaps, ties and invalid letters on clustered cases, of which some lack a label."""
    made: Judges = {}
    for judge in range(judges):
        own, common = random.Random(seed * 100 + judge), random.Random(seed)
        made[f"judge-{judge}"] = [
            JudgedCase(
                f"case-{number}",
                f"patient-{number // 2}",
                {name: common.choice(("A", "B", "A", None)) for name in DIMENSIONS},
                {name: own.choice(SAID) for name in DIMENSIONS},
                None if own.random() < 0.1 else {name: own.choice(SAID) for name in DIMENSIONS},
                common.choice(("A", "B", None)),
            )
            for number in range(cases)
        ]
    return made


def board(judges: Judges) -> Board:
    return judge_board(judges, dimensions=DIMENSIONS, ranked=judges, replicates=60)


PANELS = st.builds(panel_of, st.integers(0, 10**6), st.integers(1, 3), st.integers(0, 12))


@settings(max_examples=20)
@given(PANELS)
def test_swapping_the_labels_of_the_answers_changes_nothing(judges: Judges) -> None:
    """A becomes B and B becomes A, in labels and lengths; what was the stored order is now the other one."""

    def swapped(letters: object) -> dict[str, str | None] | None:
        return None if letters is None else {name: OTHER[letter] for name, letter in dict(letters).items()}  # type: ignore[call-overload]

    # What was printed first is now printed second: the orders change places with the names.
    turned = {
        name: [
            JudgedCase(
                one.case, one.cluster, swapped(one.label) or {}, one.backward, one.forward, OTHER[one.longer]
            )
            for one in cases
        ]
        for name, cases in judges.items()
    }
    before, after = board(judges), board(turned)
    for name in judges:
        for one, two in zip(before.rows[name], after.rows[name], strict=True):
            for field in ("accuracy", "strict", "invalid_rate", "tie_rate", "position_consistency", "half"):
                assert getattr(one, field) == getattr(two, field)
            assert one.first_position_rate == two.first_position_rate
        for mine, other in zip(before.biases[name], after.biases[name], strict=True):
            assert (mine.invalid, mine.position, mine.length) == (other.invalid, other.position, other.length)
            assert same(mine.kappa, other.kappa)
            assert same(mine.ac1, other.ac1)
    assert before.pairs == after.pairs


def same(one: object, other: object) -> bool:
    return one == other if isinstance(one, Undefined) else other == pytest.approx(one)


@settings(max_examples=20)
@given(PANELS, st.randoms(use_true_random=False))
def test_the_order_of_judges_changes_nothing(judges: Judges, order: random.Random) -> None:
    names = list(judges)
    order.shuffle(names)
    before, after = board(judges), board({name: judges[name] for name in names})
    assert after.rows == before.rows
    assert after.biases == before.biases
    assert after.ranks == before.ranks
    for (one, two), pair in after.pairs.items():
        if (one, two) in before.pairs:
            assert before.pairs[one, two] == pair
        else:
            other = before.pairs[two, one]
            assert (other.p, other.strict_p, other.cases) == (pair.p, pair.strict_p, pair.cases)
            assert other.difference == (
                pair.difference if isinstance(pair.difference, Undefined) else -pair.difference
            )


@settings(max_examples=20)
@given(PANELS, st.randoms(use_true_random=False))
def test_the_order_of_cases_changes_no_value(judges: Judges, order: random.Random) -> None:
    places = list(range(len(next(iter(judges.values())))))
    order.shuffle(places)
    before, after = (
        board(judges),
        board({name: [cases[at] for at in places] for name, cases in judges.items()}),
    )
    for name in judges:
        for one, two in zip(before.rows[name], after.rows[name], strict=True):
            for field in (
                "cases",
                "coverage",
                "accuracy_wilson",
                "invalid_rate",
                "valid_only",
                "half",
                "reference",
            ):
                assert getattr(one, field) == getattr(two, field)
            assert one.accuracy.value == two.accuracy.value
            assert one.strict.value == two.strict.value
        values = [[mine.length.value for mine in found.biases[name]] for found in (before, after)]
        assert values[0] == values[1]


@settings(max_examples=20)
@given(PANELS)
def test_cases_twice_in_their_clusters_change_no_interval_of_clusters(judges: Judges) -> None:
    """The same evidence again: cluster intervals and p-values stay, only Wilson's believes it."""
    doubled = {
        name: [*cases, *(replace(one, case=f"{one.case} again") for one in cases)]
        for name, cases in judges.items()
    }
    before, after = board(judges), board(doubled)
    for name in judges:
        for one, two in zip(before.rows[name], after.rows[name], strict=True):
            assert (one.accuracy, one.strict, one.coverage) == (two.accuracy, two.strict, two.coverage)
            assert two.cases == 2 * one.cases
            if (
                one.cases
                and isinstance(one.accuracy_wilson, Interval)
                and isinstance(two.accuracy_wilson, Interval)
            ):
                widths = [wilson.high - wilson.low for wilson in (one.accuracy_wilson, two.accuracy_wilson)]
                assert widths[1] < widths[0]
        assert before.biases[name] == after.biases[name]
    assert before.ranks == after.ranks
    for pair, found in before.pairs.items():
        again = after.pairs[pair]
        assert (found.difference, found.interval, found.p) == (again.difference, again.interval, again.p)


def test_biases_by_hand() -> None:
    """Four cases: right twice with the longer answer better, A twice, invalid and right, wrong twice."""
    cases = [
        case(0, "A", "B", "A", longer="A"),
        case(1, "A", "A", "A", longer="B"),
        case(2, None, "A", "B", longer="A"),
        case(3, "B", "A", "A", longer="A"),
    ]
    ((biases,),) = judge_board(
        {"one": cases}, dimensions=["overall"], ranked=(), replicates=50
    ).biases.values()
    assert biases.invalid.value == 1 / 8
    assert biases.position.value == pytest.approx(5 / 7 - 2 / 7)  # A printed in five of seven verdicts
    assert biases.length.value == pytest.approx(2 / 4 - 2 / 3)  # cases 0 and 3 against cases 1 and 2
    # Of label A six verdicts, three right; of label B one, right.
    assert biases.kappa == pytest.approx((4 / 7 - (6 * 3 + 1 * 4) / 49) / (1 - (6 * 3 + 1 * 4) / 49))


def test_nothing_has_no_bias() -> None:
    for cases in ([], [case(0, None, None)], [case(0, "A", "B", None)]):
        board = judge_board({"one": cases}, dimensions=["overall"], ranked=("one",), replicates=20)
        ((biases,),) = board.biases.values()
        for found in (biases.position, biases.length):
            assert isinstance(found, Estimate)
            assert isinstance(found.value, Undefined)
        assert isinstance(biases.kappa, Undefined)


def test_a_jury_says_what_most_say() -> None:
    judges = {
        "one": [case(0, "A", "B"), case(1, "A", None), case(2, "A", "tie"), case(3, None, "A")],
        "two": [case(0, "A", "A"), case(1, "B", None), case(2, "B", None), case(3, "tie", "A")],
        "three": [case(0, "B", "A"), case(1, None, None), case(2, None, None), case(3, None, "B")],
    }
    panel = with_jury(Panel.of(judges, ["overall"]), "jury", list(judges))
    names = ["missing", None, "tie", "A", "B"]
    said = [[names[code] for code in order] for order in panel.printed[-1, :, 0]]
    assert said == [["A", "tie", "tie", "tie"], ["A", None, "tie", "A"]]
    assert panel.judges[-1] == "jury"
    for name, members in (("one", ["two"]), ("jury", []), ("jury", ["nobody"])):
        with pytest.raises(ValueError, match="name of its own"):
            with_jury(Panel.of(judges, ["overall"]), name, members)


def test_what_a_panel_refuses() -> None:
    for cases, message in (
        ([[case(0, "C", "A")]], "A, B, tie or null"),
        ([[case(0, "A", "A", "tie")]], "label of case c0"),
        ([[case(0, "A", "A", "A")], [case(0, "A", "A", "B")]], "two labels"),
    ):
        with pytest.raises(ValueError, match=message):
            Panel.of({str(number): given for number, given in enumerate(cases)}, ["overall"])


@pytest.mark.parametrize(("largest", "size"), [(1, 5), (100, 40), (1000, 40), (10**6, 30), (10**12, 30)])
def test_sums_of_columns_are_exact_whatever_their_size(largest: int, size: int) -> None:
    draw = np.random.default_rng(1)
    clusters = np.sort(draw.integers(0, 12, size))
    _, clusters = np.unique(clusters, return_inverse=True)
    columns = WholeColumns(clusters, int(clusters.max()) + 1)
    values = [draw.integers(-largest, largest + 1, size) for _ in range(3)]
    places = [columns.add(one) for one in (*values, values[0])]
    assert places == [0, 1, 2, 0]
    by_cluster = np.array(
        [[int(one[clusters == at].sum()) for at in range(columns.clusters)] for one in values]
    )
    assert [columns.totals(place).tolist() for place in range(3)] == by_cluster.tolist()
    counts = np.random.default_rng((7, 0)).integers(columns.clusters, size=(50, columns.clusters))
    expected = [[sum(int(total[at]) for at in drawn) for drawn in counts] for total in by_cluster]
    assert columns.resampled(50, seed=7).tolist() == expected
    coins = np.random.default_rng(7).integers(256, size=(50, -(-columns.clusters // 8)), dtype=np.uint8)
    signs = 2 * np.unpackbits(coins, axis=1, count=columns.clusters).astype(int) - 1
    flipped = [[int(one) for one in signs @ by_cluster[place]] for place in (2, 0)]
    assert columns.flipped([2, 0], 50, seed=7).tolist() == flipped


def test_blocks_and_parts_change_no_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(40) % 7
    whole = WholeColumns(np.arange(40), 40)
    whole.add(values)
    expected = whole.resampled(30, 1), whole.flipped([0], 30, 1)
    monkeypatch.setattr("consilium.statistics.whole_columns._WIDENED", 3)
    monkeypatch.setattr("consilium.statistics.whole_columns._ROWS", 7)
    assert (whole.resampled(30, 1) == expected[0]).all()
    assert (whole.flipped([0], 30, 1) == expected[1]).all()


def test_repeats() -> None:
    assert repeat_stability([["A", "A", "A"], ["A", "B", "A"], [None, None, None], ["tie"]]) == pytest.approx(
        7 / 9
    )
    assert isinstance(repeat_stability([]), Undefined)
    with pytest.raises(ValueError, match="not one of the categories"):
        repeat_stability([["C", "A"]])
