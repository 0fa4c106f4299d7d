"""Solvers by kind of question, task and body system; questions without options asked and scored apart."""

from typing import Any

import numpy as np
import pytest
from aiohttp import web
from django.test import Client
from django.urls import reverse

from benchmark.leaderboard import solver_lines
from benchmark.models import Evaluation, SolverResult
from benchmark.reparse import reparse
from benchmark.rerun_check import check_rerun
from benchmark.solver_pairs import solver_pairs
from benchmark.solver_slices import (
    WHOLE,
    SlicedSolver,
    SliceScore,
    sliced_solvers,
    slices_of_questions,
    solver_scores,
)
from consilium.answers.open_answers import AnswerKind
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.statistics.undefined import Undefined
from curation.models import Release, ReleaseKind
from curation.releases.freeze import freeze, rows_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.factories.painted import painted
from tests.factories.training import content, new_row
from tests.harness.chat_server import Stub, answered

OPEN: dict[str, Any] = {"options": {}, "answer_label": ""}
CLOSED = OPEN | {"answer": "Yes", "facets": {"set": "VQA-RAD", "answer_type": "closed"}}
WORDS = OPEN | {"answer": "right lower lobe", "facets": {"set": "VQA-RAD", "answer_type": "open"}}
DIAGNOSIS = {"facets": {"medical_task": "Diagnosis", "body_system": "Nervous", "set": "MedXpertQA"}}
TREATMENT = {"facets": {"medical_task": "Treatment", "body_system": "Nervous", "set": "MedXpertQA"}}
KINDS = (DIAGNOSIS, DIAGNOSIS, DIAGNOSIS, TREATMENT, TREATMENT, CLOSED, CLOSED, WORDS, WORDS)


@pytest.fixture
def mixed(cast: Cast) -> Release:
    """Five questions with options, two closed and two open ones, and one without any answer."""
    making.questions(cast, 1, "First", seed=3)  # makes the source
    rows = []
    kinds = (*KINDS, OPEN | {"answer": ""})
    for item, own in zip(painted(len(kinds), 61), kinds, strict=True):
        row = content(item, "test") | {"id": f"q{item.number}", "cluster": f"p{item.number}"} | own
        row = {key: value for key, value in row.items() if key not in ("reasoning", "steps")}
        rows.append(new_row(row, item.image_png))
    kind = ReleaseKind.QUESTIONS
    return freeze(study=cast.study, kind=kind, name="Mixed", rows=rows, left_out={}, by=cast.lena)


def answer_all(cast: Cast, release: Release, model: ModelEndpoint, right: int) -> Evaluation:
    """A model that answers the first so many questions with options right, "yes", and two words of three."""
    gold = {row.content["question"]: row.content for row in rows_of(release)}

    async def solve(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        text = body["messages"][0]["content"][-1]["text"]
        row = next(row for question, row in gold.items() if question in text)
        place = [one["id"] for one in gold.values()].index(row["id"])
        if not row["options"]:
            said = "yes." if row["answer"] == "Yes" else "The lower lobe"
        else:
            said = row["answer_label"] if place < right else "no letter"
        return answered(f"<think>Seen.</think><answer>{said}</answer>")

    with Stub(solve) as stub:
        ModelEndpoint.objects.filter(pk=model.pk).update(base_url=stub.url)
        model.refresh_from_db()
        (made,) = making.launched(cast, release, model)
        assert run_now(made.job).state == JobState.SUCCEEDED
    made.refresh_from_db()
    return made


@pytest.fixture
def panel(cast: Cast, mixed: Release) -> dict[str, SlicedSolver]:
    base = making.endpoint("base")
    answer_all(cast, mixed, base, 1)
    answer_all(cast, mixed, making.trained("merged", base), 4)
    return {one.name: one for one in sliced_solvers(solver_scores(mixed))}


def value(score: SliceScore) -> float:
    assert not isinstance(score.score.value, Undefined)
    return score.score.value


def test_each_kind_of_question_is_scored_by_its_own_rule(
    panel: dict[str, SlicedSolver], mixed: Release
) -> None:
    whole = {kind: panel["merged"].scores[kind][WHOLE][WHOLE] for kind in AnswerKind}
    assert [whole[kind].asked for kind in AnswerKind] == [5, 2, 2]
    assert [value(whole[kind]) for kind in AnswerKind] == pytest.approx([4 / 5, 1, 2 / 3])
    made = Evaluation.objects.get(endpoint__name="merged")
    assert (made.expected_calls, made.parser_version) == (9, "options-2 open-1")
    stored = SolverResult.objects.filter(evaluation=made, letter="").exclude(answer="").order_by("row_id")
    assert {(one.answer, one.is_correct, one.recall) for one in stored} == {
        ("yes.", True, None),
        ("The lower lobe", False, 2 / 3),
    }
    (line, _) = solver_lines(mixed)  # the board's accuracy is of questions with options, as ever
    assert (line.evaluation, line.asked, line.right, line.invalid) == (made, 5, 4, 1)
    assert (line.is_complete, line.accuracy.value) == (True, 4 / 5)


def test_the_run_card_adds_no_kinds_up(cast: Cast, mixed: Release) -> None:
    made = answer_all(cast, mixed, making.endpoint("base"), 4)
    figures = made.run_card["figures"]
    intervals = [figures["choice"].pop("accuracy_wilson"), figures["closed"].pop("exact_match_wilson")]
    assert [low < 0.8 < high for low, high in intervals] == [True, True]
    assert figures == {
        "choice": {"asked": 5, "right": 4, "invalid": 1, "accuracy": 0.8},
        "closed": {"asked": 2, "right": 2, "exact_match": 1},
        "open": {"asked": 2, "token_recall": pytest.approx(2 / 3)},
    }
    assert figures_checked(made) == "same"
    # The card of an earlier version had one accuracy of all nine.
    older = {"format": "consilium-evaluation-card-1", "figures": {"asked": 9, "right": 6, "accuracy": 6 / 9}}
    card = Evaluation.objects.get().run_card
    Evaluation.objects.update(run_card=card | older)
    assert figures_checked(made) == "unknown"
    Evaluation.objects.update(run_card=card | older | {"answers_sha256": "0" * 64})
    assert figures_checked(made) == "differs"
    reparse(evaluation=made, by=cast.lena)  # the card then has this version's form
    assert figures_checked(made) == "same"
    assert Evaluation.objects.get().run_card == card


def figures_checked(evaluation: Evaluation) -> str:
    evaluation.refresh_from_db()
    return next(part.outcome for part in check_rerun(evaluation) if part.name == "figures")


def test_slices_are_compared_with_the_base_pair_by_pair(panel: dict[str, SlicedSolver]) -> None:
    merged, base = (panel[name].scores[AnswerKind.CHOICE] for name in ("merged", "base"))
    tasks = {name: (one.asked, value(one)) for name, one in merged["task"].items()}
    assert tasks == {"Diagnosis": (3, 1.0), "Treatment": (2, 0.5)}
    gains = {name: one.gain.value for name, one in merged["task"].items() if one.gain}
    assert gains == {"Diagnosis": pytest.approx(2 / 3), "Treatment": 0.5}
    system = merged["body_system"]["Nervous"]
    assert system.gain == merged[WHOLE][WHOLE].gain
    assert system.gain is not None
    assert not isinstance(system.gain.interval, Undefined)
    assert 0 <= system.gain.interval.low <= 0.6 <= system.gain.interval.high
    assert base["task"]["Diagnosis"].gain is None
    assert set(panel["merged"].scores[AnswerKind.OPEN]) == {WHOLE, "set"}


def test_a_slice_of_one_patient_has_no_interval_and_slices_cover_their_kind() -> None:
    rows = [{"options": {"A": "x"}, "facets": {"task": name}} for name in ("one", "two", "two")]
    masks = slices_of_questions(rows)
    whole = masks[AnswerKind.CHOICE, WHOLE, WHOLE]
    parts = sum(mask for (_, facet, _), mask in masks.items() if facet == "task")
    assert np.array_equal(whole, parts)


def test_answers_without_options_are_read_anew(cast: Cast, panel: dict[str, SlicedSolver]) -> None:
    made = Evaluation.objects.get(endpoint__name="merged")
    before = list(made.solver_results.order_by("pk").values("letter", "answer", "is_correct", "recall"))
    made.solver_results.filter(letter="").update(answer="", is_correct=False, recall=None)
    told = reparse(evaluation=made, by=cast.lena)
    assert (told.read, told.changed, told.parser) == (9, 4, "options-2 open-1")
    after = made.solver_results.order_by("pk").values("letter", "answer", "is_correct", "recall")
    assert list(after) == before


def test_pages_show_kinds_apart(cast: Cast, mixed: Release, panel: dict[str, SlicedSolver]) -> None:
    client = Client()
    client.force_login(cast.lena)
    place = reverse("benchmark:solver-slices", args=[cast.study.slug, mixed.pk])
    assert place in client.get(reverse("benchmark:leaderboard", args=[cast.study.slug])).content.decode()
    for query, said in {
        "?by=task": ("Diagnosis", "Treatment", "+66.7", "trained from base", "n 3"),
        "?kind=closed": ("The share of answers that are the reference", "100.0"),
        "?kind=open&by=set": ("Token recall", "66.7", "VQA-RAD"),
        "?kind=nonsense&by=nonsense": ("80.0", "With options"),
    }.items():
        page = client.get(place + query).content.decode()
        assert all(words in page for words in said), query
    made = Evaluation.objects.get(endpoint__name="merged")
    page = client.get(reverse("benchmark:evaluation", args=[cast.study.slug, made.pk])).content.decode()
    assert "67 % of the words" in page
    assert "The lower lobe" in page
    client.force_login(cast.anna)
    assert client.get(place).status_code == 403


def test_ranked_solvers_are_compared_directly(
    cast: Cast, mixed: Release, panel: dict[str, SlicedSolver]
) -> None:
    expert = making.trained("expert", ModelEndpoint.objects.get(name="base"))
    answer_all(cast, mixed, expert, 2)
    Evaluation.objects.filter(endpoint=expert).update(settings={"max_tokens": 77})
    answer_all(cast, mixed, making.endpoint("unfinished"), 5)
    SolverResult.objects.filter(evaluation__endpoint__name="unfinished").first().delete()  # type: ignore[union-attr]
    ranked = [line.evaluation for line in solver_lines(mixed) if line.is_ranked]
    assert [one.endpoint.name for one in ranked] == ["merged", "expert", "base"]
    names = {one.pk: one.endpoint.name for one in ranked}
    pairs = {
        (pair.kind, names[pair.first], names[pair.second]): pair
        for pair in solver_pairs(solver_scores(mixed), ranked)
    }
    assert len(pairs) == 9
    gains = {pair[1:]: one.difference.value for pair, one in pairs.items() if pair[0] == AnswerKind.CHOICE}
    assert gains == {
        ("merged", "expert"): pytest.approx(2 / 5),
        ("merged", "base"): pytest.approx(3 / 5),
        ("expert", "base"): pytest.approx(1 / 5),
    }
    # Three questions differ: the exact test's least p is 2 of 8 signs, and Holm's is three times that.
    assert pairs[AnswerKind.CHOICE, "merged", "base"].p == pytest.approx(0.75)
    assert pairs[AnswerKind.OPEN, "merged", "base"].questions == 2
    client = Client()
    client.force_login(cast.lena)
    place = reverse("benchmark:solver-slices", args=[cast.study.slug, mixed.pk])
    page = client.get(place).content.decode()
    assert "Each model minus base" in page
    assert "+60.0" in page
    assert "Replies of up to 77 tokens against" in page
    merged = next(key for key, name in names.items() if name == "merged")
    page = client.get(f"{place}?against={merged}").content.decode()
    assert "Each model minus merged" in page
    assert "\N{MINUS SIGN}60.0" in page
    assert "unfinished" not in page[page.index("Directly compared") :]
