"""The report against figures that can be counted by hand."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmark.judge_job import store_verdicts
from benchmark.leaderboard import newest_evaluations
from benchmark.report.answer_models import RIDGE
from benchmark.report.figures import JURY, JudgeReport, judge_report
from benchmark.report.frame import read_frame
from benchmark.report.kept import KeptReport, folded
from benchmark.report.published import published_judges
from benchmark.report.slices import NOT_STATED, slices_of
from consilium.answers.dimensions import DIMENSIONS
from consilium.people.models import Specialty
from consilium.statistics.bradley_terry import bradley_terry, games_of_rows
from consilium.statistics.human_ceiling import human_ceiling
from consilium.statistics.json_form import as_json, from_json
from consilium.statistics.judge_scores import JudgingRow
from consilium.statistics.undefined import Undefined
from curation.models import Release
from curation.releases.freeze import rows_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast

LABELS = "AABBABAB"
TURNED = {"A": "B", "B": "A"}
RIGHT = [(letter, TURNED[letter]) for letter in LABELS]
FIRST = [("A", "A")] * len(LABELS)
CASES: tuple[dict[str, Any], ...] = tuple(
    {
        "organ_system": "chest" if number < 4 else "brain",
        "department": "radiology",
        "modality": "ct" if number % 2 else "",
        "votes": {name: {"A": votes[0], "B": votes[1], "cannot_judge": 0} for name in DIMENSIONS},
        "adjudicated": dict.fromkeys(DIMENSIONS, number == 7),
        "model_a": models[0],
        "model_b": models[1],
        "family_a": "tiny" if number == 0 else "other",
        "family_b": "third",
        "answer_a": "short" if number < 5 else "an answer of many more words than the other one has",
        "answer_b": "shorter",
    }
    for number, (votes, models) in enumerate(
        zip(
            [(3, 0), (2, 1), (0, 3), (1, 2), (3, 0), (0, 3), (2, 1), (1, 1)],
            [("m", "n"), ("n", "o"), ("m", "n"), ("o", "m"), ("m", "o"), ("n", "m"), ("o", "n"), ("n", "o")],
            strict=True,
        )
    )
)


@pytest.fixture
def votes(cast: Cast) -> Release:
    return making.preferences(cast, LABELS, changes=CASES)


@pytest.fixture
def report(cast: Cast, votes: Release) -> JudgeReport:
    making.judged(cast, votes, making.endpoint("right"), RIGHT)
    making.judged(cast, votes, making.endpoint("first", family="third"), FIRST)
    making.judged(cast, votes, making.endpoint("silent", family="other"), [(None, None)] * len(LABELS))
    making.judged(cast, votes, making.endpoint("half way", family="other"), RIGHT[:3])
    return judge_report(votes, replicates=200)


def overall(rows: Mapping[str, Sequence[JudgingRow]], report: JudgeReport) -> dict[str, float]:
    names = {one.key: one.name for one in report.judges}
    return {names[key]: float(own[-1].accuracy.value) for key, own in rows.items()}  # type: ignore[arg-type]


def test_judges_are_ranked_and_a_jury_of_the_ranked_stands_beside(report: JudgeReport) -> None:
    assert [(one.name, one.is_ranked) for one in report.judges] == [
        ("right", True),
        ("first", True),
        ("silent", True),
        ("half way", False),
        ("Jury", False),
    ]
    assert (report.cases, report.clusters) == (8, 8)
    # The jury says what "right" and "first" say where they agree; else it is a tie.
    assert overall(report.rows, report) == {
        "right": 1.0, "first": 0.5, "silent": 0.0, "half way": 1.0, "Jury": 0.5,
    }  # fmt: skip
    assert report.ranks.keys() == {one.key for one in report.judges if one.is_ranked}
    assert {name: len(pairs) for name, pairs in report.comparisons.items()} == dict.fromkeys(DIMENSIONS, 3)
    for pairs in report.comparisons.values():
        assert all(one.adjusted_p >= one.comparison.p for one in pairs)  # type: ignore[operator]


def test_slices_are_those_that_divide_the_cases(report: JudgeReport) -> None:
    sizes = {
        facet: {value: one.cases for value, one in found.items()} for facet, found in report.slices.items()
    }
    assert sizes == {
        "organ_system": {"brain": 4, "chest": 4},
        "modality": {"ct": 4, NOT_STATED: 4},
        "specialty": dict.fromkeys(Specialty.values, 2),
        "unanimity": {"unanimous": 4, "divided": 4},
        "adjudication": {"adjudicated": 1, "readers": 7},
        "length": {"shorter": 5, "longer": 3},
    }
    chest = report.slices["organ_system"]["chest"].rows
    assert overall(chest, report)["first"] == 0.5
    assert {own[-1].cases for key, own in chest.items()} == {4, 3}  # three of the half-way judge
    mean = report.organ_means[report.judges[1].key]
    assert (mean.organs, mean.accuracy, mean.reference) == (2, 0.5, 0.5)


def test_a_slice_is_scored_as_if_it_were_all(cast: Cast, votes: Release, report: JudgeReport) -> None:
    for facet, values in slices_of(read_frame(votes, newest_evaluations(votes, "judge"))).items():
        for value, mask in values.items():
            rows = report.slices[facet][value].rows[report.judges[1].key]
            share = np.mean([0.5 for chosen in mask if chosen])
            assert rows[-1].accuracy.value == share
            assert rows[-1].first_position_rate == 1.0


def test_cases_of_the_judges_own_family_can_be_left_out(report: JudgeReport) -> None:
    by_name = {one.name: one.key for one in report.judges}
    assert by_name["right"] in report.without_family
    assert report.without_family[by_name["right"]][-1].cases == 7  # "tiny" wrote one answer
    assert report.without_family[by_name["first"]][-1].cases == 0  # "third" wrote one of each
    assert by_name["half way"] in report.without_family
    assert JURY not in report.without_family


def test_judges_beside_readers_are_those_of_the_ceiling(
    cast: Cast, votes: Release, report: JudgeReport
) -> None:
    counts = [case["votes"]["overall"] for case in CASES]
    ballots = [["A"] * one["A"] + ["B"] * one["B"] + [None] * (3 - one["A"] - one["B"]) for one in counts]
    said: dict[str, Any] = {
        "right": [list(LABELS)] * 2,
        "first": [["A"] * 8, ["B"] * 8],
        "silent": [[None] * 8] * 2,
    }
    for judge in report.judges:
        if judge.name in said:
            own = report.readers[judge.key][-1]
            ceilings = [human_ceiling(ballots, letters) for letters in said[judge.name]]
            assert own.cases == 8
            assert own.readers == pytest.approx(ceilings[0].mean_pairwise_agreement)
            assert own.judge == pytest.approx(np.mean([float(one.judge_vs_each_rater) for one in ceilings]))  # type: ignore[arg-type]
            assert own.difference.value == pytest.approx(own.judge - own.readers)  # type: ignore[operator]
            assert not isinstance(own.difference.interval, Undefined)


def test_without_votes_nothing_is_said_of_readers(cast: Cast) -> None:
    bare = making.preferences(cast, "AB")
    making.judged(cast, bare, making.endpoint("right"), [("A", "B"), ("B", "A")])
    found = judge_report(bare, replicates=50)
    (own,) = found.readers.values()
    assert isinstance(own[-1].judge, Undefined)
    assert isinstance(found.answer_models.readers, Undefined)
    assert found.slices.keys() == {"specialty"}
    assert list(found.rows) == [found.judges[0].key]  # one judge is no jury


def test_without_judges_there_is_an_empty_report(votes: Release) -> None:
    found = judge_report(votes, replicates=50)
    assert (found.judges, found.rows, found.comparisons["overall"]) == ([], {}, [])


def test_answer_models_are_ranked_by_readers_and_judges(report: JudgeReport) -> None:
    by_name = {one.name: one.key for one in report.judges}
    models = report.answer_models
    assert not isinstance(models.readers, Undefined)
    assert models.readers.ability.keys() == {"m", "n", "o"}
    right, first = (models.judges[by_name[name]] for name in ("right", "first"))
    assert not isinstance(right, Undefined)
    assert not isinstance(first, Undefined)
    assert right.tau == pytest.approx(1.0)
    assert right.order_effect == pytest.approx(0.0, abs=1e-6)
    assert float(first.order_effect) > 1.0  # type: ignore[arg-type]
    assert isinstance(models.judges[by_name["silent"]], Undefined)


def test_a_judges_two_orders_are_two_games_of_the_models(report: JudgeReport) -> None:
    (right,) = (one.key for one in report.judges if one.name == "right")
    told = zip(CASES, LABELS, strict=True)
    said = [(case["model_a"], case["model_b"], letter == "A") for case, letter in told]
    forward = [(a, b, a if is_a else b) for a, b, is_a in said]
    backward = [(b, a, a if is_a else b) for a, b, is_a in said]
    plain = bradley_terry(games_of_rows([*forward, *backward]), order_effect=True, ridge=RIDGE)
    own = report.answer_models.judges[right]
    assert not isinstance(plain, Undefined)
    assert not isinstance(own, Undefined)
    assert (own.ability, own.ability_se) == (plain.ability, plain.ability_se)


def test_a_report_survives_being_kept(report: JudgeReport) -> None:
    assert from_json(JudgeReport, as_json(report)) == report
    kept = KeptReport(json.loads(json.dumps(folded(as_json(report)))))
    assert from_json(JudgeReport, kept.plain()) == report
    for one in (kept, KeptReport(as_json(report))):
        assert {name: one.compared(name) for name in DIMENSIONS} == report.comparisons
        assert one.part("rows") == report.rows
        assert {
            facet: {value: one.slice_figures(facet, value) for value in values}
            for facet, values in one.slice_sizes().items()
        } == report.slices


def test_costs_are_those_of_the_stored_replies(cast: Cast, votes: Release) -> None:
    judge = making.endpoint("right")
    (made,) = making.launched(cast, votes, judge)
    for number, row in enumerate(rows_of(votes)):
        for order, text in (("ab", making.verdict_text("A")), ("ba", "I cannot say.")):
            fields = {"prompt_tokens": 10, "completion_tokens": 3, "latency_ms": 100 * number}
            tag = f"{row.row_id}/{order}"
            store_verdicts(made, [(tag, making.reply(judge, tag, text, **fields))])
    making.over(made)
    cost = judge_report(votes, replicates=50).costs[str(made.pk)]
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens) == (16, 160, 48)
    assert (cost.mean_ms, cost.median_ms, cost.slow_ms) == (350.0, 400.0, 700.0)
    assert cost.read_as == {"JSON": 8, "no verdict stated": 8}


def test_published_rows_are_as_printed() -> None:
    judges = published_judges()
    assert len(judges) == 34  # with the paper's two trained judges
    assert all(len(one.organs) == 13 for one in judges)
    assert all(one.overall >= after.overall for one, after in pairwise(judges))
