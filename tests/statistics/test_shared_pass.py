"""One pass over shared draws gives what drawing anew for every figure gives, and draws once."""

import random
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics import bootstrap, whole_columns
from consilium.statistics.agreement import VotedCase, agreement
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.coefficients import AC1, ALPHA, FLEISS, PERCENT, UNANIMITY
from consilium.statistics.intervals import Interval
from consilium.statistics.judge_scores import (
    case_scores,
    compare_judges,
    judge_board,
    judging,
    rank_intervals,
    slice_rows,
)
from consilium.statistics.mcnemar import mcnemar
from consilium.statistics.paired import sign_flip_p
from consilium.statistics.panel import JudgedCase, Panel
from consilium.statistics.ratings import Array, count_matrix
from consilium.statistics.undefined import Undefined

REPLICATES, SEED = 150, 7
LETTERS = ("A", "B", "A", "B", "tie", None)


def drawn_anew(clusters: Sequence[Hashable], features: Array, value: Callable[[Array], Array]) -> object:
    """The percentile interval of one figure from its own draws, as plainly as it can be written."""
    order = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    if len(order) < 2:
        return None
    place = np.array([order[cluster] for cluster in clusters])
    draws = np.random.default_rng((SEED, 0)).integers(len(order), size=(REPLICATES, len(order)))
    replicates = np.array(
        [value(np.bincount(draw, minlength=len(order))[place] @ features) for draw in draws]
    )
    finite = replicates[np.isfinite(replicates)]
    if len(finite) < 0.95 * REPLICATES:
        return None
    return tuple(np.quantile(finite, [0.025, 0.975]))


def bounds(interval: object) -> object:
    return (interval.low, interval.high) if isinstance(interval, Interval) else None


def same(one: object, other: object) -> bool:
    return one == other if one is None or other is None else one == pytest.approx(other, abs=1e-9)


def judged(seed: int, cases: int, *, gaps: bool) -> list[JudgedCase]:
    """Letters of one judge; the labels, of which some are missing, depend on the number of cases alone."""
    own, common = random.Random(seed), random.Random(cases)
    made = []
    for number in range(cases):
        label = {name: common.choice(("A", "B", "A", None)) for name in DIMENSIONS}
        orders = [{name: own.choice(LETTERS) for name in DIMENSIONS} for _ in range(2)]
        backward = None if gaps and own.random() < 0.2 else orders[1]
        made.append(JudgedCase(f"case-{number}", f"patient-{number // 2}", label, orders[0], backward))
    return made


def ratio(sums: Array) -> Array:
    return np.asarray(sums[0] / sums[1] if sums[1] else np.nan)


def rows_of(cases: Sequence[JudgedCase], scores: dict[str, float]) -> Array:
    """Score and 1 of every case that has a score, zeros of the others: every cluster is drawn."""
    return np.array([(scores[case.case], 1.0) if case.case in scores else (0.0, 0.0) for case in cases])


def interval_anew(cases: Sequence[JudgedCase], scores: dict[str, float]) -> object:
    """The interval of a mean score, from its own draws of all the panel's clusters."""
    if len({case.cluster for case in cases if case.case in scores}) < 2:
        return None
    return drawn_anew([case.cluster for case in cases], rows_of(cases, scores), ratio)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), cases=st.integers(0, 24), gaps=st.booleans())
def test_every_judges_interval_is_that_of_its_own_draws(seed: int, cases: int, gaps: bool) -> None:
    judges = {f"judge-{number}": judged(seed + number, cases, gaps=gaps) for number in range(3)}
    board = judge_board(judges, dimensions=DIMENSIONS, ranked=judges, replicates=REPLICATES, seed=SEED)
    for name, rows in board.rows.items():
        for row in rows:
            scores = case_scores(judges[name], row.dimension)
            strict = {case: float(score == 1) for case, score in scores.items()}
            for estimate, values in ((row.accuracy, scores), (row.strict, strict)):
                assert same(bounds(estimate.interval), interval_anew(judges[name], values))
                assert (row.cases == 0) == isinstance(estimate.value, Undefined)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), cases=st.integers(0, 40), gaps=st.booleans())
def test_the_board_holds_what_the_functions_for_one_or_two_judges_give(
    seed: int, cases: int, gaps: bool
) -> None:
    judges = {f"judge-{number}": judged(seed + number, cases, gaps=gaps) for number in range(4)}
    ranked = ["judge-0", "judge-2", "judge-3"]
    given_to = {"replicates": REPLICATES, "seed": SEED}
    board = judge_board(judges, dimensions=DIMENSIONS, ranked=ranked, replicates=REPLICATES, seed=SEED)
    for name, of_one in judges.items():
        assert board.rows[name] == judging(of_one, dimensions=DIMENSIONS, **given_to)
    entrants = {name: judges[name] for name in ranked}
    assert board.ranks == rank_intervals(entrants, dimension=DIMENSIONS[-1], **given_to)
    assert list(board.pairs) == list(combinations(ranked, 2))
    for (one, two), pair in board.pairs.items():
        alone = compare_judges(judges[one], judges[two], dimension=DIMENSIONS[-1], **given_to)
        assert pair == alone
        first, second = (case_scores(judges[name], DIMENSIONS[-1]) for name in (one, two))
        gaps_of = {case: first[case] - second[case] for case in first if case in second}
        assert same(bounds(pair.interval), interval_anew(judges[one], gaps_of))
        if gaps_of:
            differences = rows_of(judges[one], gaps_of)[:, 0]
            clusters = [case.cluster for case in judges[one]]
            assert pair.p == flips_anew(differences, clusters)
            assert pair.p == sign_flip_p(differences.tolist(), [0.0] * len(clusters), clusters, seed=SEED)
            wins = sum(first[case] == 1.0 > second[case] for case in gaps_of)
            losses = sum(second[case] == 1.0 > first[case] for case in gaps_of)
            assert pair.strict_p == mcnemar([[0, wins], [losses, 0]]).p_exact


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), cases=st.integers(1, 24), gaps=st.booleans())
def test_slices_see_the_draws_of_the_board(seed: int, cases: int, gaps: bool) -> None:
    judges = {f"judge-{number}": judged(seed + number, cases, gaps=gaps) for number in range(2)}
    panel = Panel.of(judges, DIMENSIONS)
    draw = np.random.default_rng(seed)
    masks = {str(number): draw.random(cases) < 0.4 for number in range(9)} | {
        "all": np.ones(cases, dtype=bool)
    }
    found = slice_rows(panel, masks, replicates=REPLICATES, seed=SEED)
    board = judge_board(judges, dimensions=DIMENSIONS, ranked=(), replicates=REPLICATES, seed=SEED)
    assert found["all"] == board.rows
    for name, mask in masks.items():
        for judge, rows in found[name].items():
            for row in rows:
                inside = {case for case, chosen in zip(panel.cases, mask, strict=True) if chosen}
                every = case_scores(judges[judge], row.dimension)
                scores = {case: score for case, score in every.items() if case in inside}
                assert row.cases == len(scores)
                assert same(bounds(row.accuracy.interval), interval_anew(judges[judge], scores))


def test_only_equal_clusters_are_resampled_together() -> None:
    parts = [whole_columns.WholeColumns(np.arange(size), size) for size in (2, 3)]
    with pytest.raises(ValueError, match="the same clusters"):
        whole_columns.resampled_together(parts, 5, SEED)
    assert whole_columns.resampled_together([], 5, SEED) == []
    with pytest.raises(ValueError, match="all clusters"):
        whole_columns.WholeColumns(np.arange(3), 3, np.arange(2)).flipped([], 5, SEED)


def flips_anew(differences: Array, clusters: Sequence[Hashable]) -> float:
    """The sign-flip test with its own coins."""
    totals: dict[Hashable, float] = {}
    for cluster, difference in zip(clusters, differences, strict=True):
        totals[cluster] = totals.get(cluster, 0.0) + difference
    values = np.array(list(totals.values()))
    observed = abs(values.sum()) - 1e-9
    differing = values[values != 0]
    if len(differing) <= 14:
        every = product((-1.0, 1.0), repeat=len(differing))
        return float(np.mean([abs(np.dot(signs, differing)) >= observed for signs in every]))
    coins = np.random.default_rng(SEED).integers(256, size=(10_000, -(-len(values) // 8)), dtype=np.uint8)
    signs = 2.0 * np.unpackbits(coins, axis=1, count=len(values)) - 1.0
    return float((1 + (abs(signs @ values) >= observed).sum()) / 10_001)


@pytest.mark.parametrize("size", [0, 3, 14, 15, 40, 90])
def test_the_sign_flip_test_is_the_one_of_plain_coins(size: int) -> None:
    differences = np.random.default_rng(size).choice([-1.0, -0.5, 0.0, 0.5, 1.0], size=size)
    clusters = list(range(size))
    p = sign_flip_p(differences.tolist(), [0.0] * size, clusters, seed=SEED)
    assert isinstance(p, Undefined) if size == 0 else p == flips_anew(differences, clusters)


COEFFICIENTS = {"percent": PERCENT, "unanimity": UNANIMITY, "fleiss": FLEISS, "ac1": AC1, "alpha": ALPHA}


def voted(seed: int, cases: int) -> list[VotedCase]:
    """Up to four votes a case, some not cast; in one dimension everybody says A."""
    generator = random.Random(seed)

    def votes(name: str) -> list[str | None]:
        letters = ("A",) if name == "creativity" else ("A", "A", "B", None)
        return [generator.choice(letters) for _ in range(generator.randint(0, 4))]

    names = [name for name in DIMENSIONS if name != "relevance"]  # nobody votes on this one
    return [
        VotedCase(str(n), f"patient-{n // 2}", {name: votes(name) for name in names}) for n in range(cases)
    ]


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), cases=st.integers(0, 24))
def test_every_coefficients_interval_is_that_of_its_own_draws(seed: int, cases: int) -> None:
    readers = voted(seed, cases)
    clusters = [case.cluster for case in readers]
    for row in agreement(readers, dimensions=DIMENSIONS, replicates=REPLICATES, seed=SEED):
        counts = count_matrix([case.votes.get(row.dimension, ()) for case in readers], ("A", "B"))
        for name, coefficient in COEFFICIENTS.items():
            shown = getattr(row, name)
            assert shown.value == coefficient.of(counts)
            if isinstance(shown.value, Undefined):
                assert shown.interval == shown.value
                continue
            anew = drawn_anew(clusters, coefficient.features(counts), coefficient.value)
            assert same(bounds(shown.interval), anew)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of clusters of every matrix that is drawn."""
    seen: list[int] = []
    draw = bootstrap.weight_blocks

    def counted(clusters: int, replicates: int, seed: int) -> Iterator[Array]:
        seen.append(clusters)
        return draw(clusters, replicates, seed)

    monkeypatch.setattr(bootstrap, "weight_blocks", counted)
    monkeypatch.setattr(whole_columns, "weight_blocks", counted)
    return seen


def test_judges_dimensions_figures_ranks_and_pairs_share_one_matrix(draws: list[int]) -> None:
    label = dict.fromkeys(DIMENSIONS, "A")
    judges = {
        f"judge-{number}": [
            JudgedCase(f"case-{case}", case, label, label, label if (case + number) % 3 else None)
            if number == 5
            else JudgedCase(f"case-{case}", case, label, label, label)
            for case in range(30)
        ]
        for number in range(6)
    }
    judge_board(judges, dimensions=DIMENSIONS, ranked=list(judges)[:5], replicates=50)
    assert draws == [30]  # the judge that missed every third case sees the same draws


def test_dimensions_and_coefficients_share_one_matrix(draws: list[int]) -> None:
    agreement(voted(1, 40), dimensions=DIMENSIONS, replicates=50)
    assert draws == [20]


def test_equal_columns_are_resampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, ...]] = []
    resample = bootstrap._column_sums

    def counted(columns: Array, replicates: int, seed: int) -> Array:
        sizes.append(columns.shape)
        return resample(columns, replicates, seed)

    monkeypatch.setattr(bootstrap, "_column_sums", counted)
    weights = ClusterWeights(range(5), replicates=20)
    one = weights.totals(np.column_stack([np.arange(5.0), np.ones(5)]))
    tables = list(bootstrap.resampled_sums([one, one[:, ::-1]], 20, SEED))
    assert sizes == [(2, 5)]
    assert (tables[0] == tables[1][:, ::-1]).all()
