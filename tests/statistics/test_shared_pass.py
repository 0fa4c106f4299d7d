"""One pass over shared draws gives what drawing anew for every figure gives, and draws once."""

import random
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics import bootstrap
from consilium.statistics.agreement import VotedCase, agreement
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.coefficients import AC1, ALPHA, FLEISS, PERCENT, UNANIMITY
from consilium.statistics.intervals import Interval
from consilium.statistics.judge_scores import (
    JudgedCase,
    case_scores,
    compare_judges,
    judge_board,
    judging,
    rank_intervals,
)
from consilium.statistics.paired import sign_flip_p, sign_flip_ps
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
        [
            value(np.array([(draw == place[item]).sum() for item in range(len(place))]) @ features)
            for draw in draws
        ]
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
    return np.asarray(sums[0] / sums[1])


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), cases=st.integers(0, 24), gaps=st.booleans())
def test_every_judges_interval_is_that_of_its_own_draws(seed: int, cases: int, gaps: bool) -> None:
    judges = {f"judge-{number}": judged(seed + number, cases, gaps=gaps) for number in range(3)}
    board = judge_board(judges, dimensions=DIMENSIONS, ranked=judges, replicates=REPLICATES, seed=SEED)
    for name, rows in board.rows.items():
        for row in rows:
            scores = case_scores(judges[name], row.dimension)
            clusters = [case.cluster for case in judges[name] if case.case in scores]
            for estimate, values in (
                (row.accuracy, list(scores.values())),
                (row.strict, [float(score == 1) for score in scores.values()]),
            ):
                features = np.column_stack([values, np.ones(len(values))])
                assert same(bounds(estimate.interval), drawn_anew(clusters, features, ratio))
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
        shared = [case for case in judges[one] if case.case in first and case.case in second]
        clusters = [case.cluster for case in shared]
        features = np.array([[first[case.case] - second[case.case], 1.0] for case in shared]).reshape(-1, 2)
        assert same(bounds(pair.interval), drawn_anew(clusters, features, ratio))
        if shared:
            assert pair.p == flips_anew(features[:, 0], clusters)


def flips_anew(differences: Array, clusters: Sequence[Hashable]) -> float:
    """The sign-flip test with its own generator."""
    totals: dict[Hashable, float] = {}
    for cluster, difference in zip(clusters, differences, strict=True):
        totals[cluster] = totals.get(cluster, 0.0) + difference
    values = np.array([total for total in totals.values() if total])
    observed = abs(values.sum()) - 1e-9
    if len(values) <= 14:
        every = product((-1.0, 1.0), repeat=len(values))
        return float(np.mean([abs(np.dot(signs, values)) >= observed for signs in every]))
    signs = 2.0 * np.random.default_rng(SEED).integers(2, size=(10_000, len(values))) - 1.0
    return float((1 + (abs(signs @ values) >= observed).sum()) / 10_001)


def test_a_sign_flip_test_among_many_is_the_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilium.statistics.paired._CELLS", 1001)  # an odd number splits a pair of draws
    generator = np.random.default_rng(3)
    tests = [generator.choice([-1.0, -0.5, 0.0, 0.5, 1.0], size=size) for size in (0, 3, 14, 40, 41, 41, 90)]
    together = sign_flip_ps(tests, seed=SEED)
    for differences, p in zip(tests, together, strict=True):
        clusters = list(range(len(differences)))
        assert p == flips_anew(differences, clusters)
        if clusters:
            assert p == sign_flip_p(differences.tolist(), [0.0] * len(clusters), clusters, seed=SEED)


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
    assert draws == [30, 20]  # 20: the judge that missed every third case


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
