"""From a figure to its cases, from a case to every judge's reply."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmark.models import Evaluation
from benchmark.report.cases import case_images
from curation.models import Release
from curation.releases.freeze import rows_of
from tests.benchmark.report.test_figures import CASES, FIRST, LABELS, RIGHT
from tests.factories import benchmark as making
from tests.factories import curation as curating
from tests.factories.cast import Cast


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


@pytest.fixture
def votes(cast: Cast) -> Release:
    found = making.preferences(cast, LABELS, changes=CASES)
    making.judged(cast, found, making.endpoint("right"), RIGHT)
    making.judged(cast, found, making.endpoint("first"), [*FIRST[:6], (None, "B"), ("tie", "tie")])
    making.judged(cast, found, making.endpoint("half way"), RIGHT[:3])
    return found


def key(name: str) -> int:
    return Evaluation.objects.get(endpoint__name=name).pk


def shown(lead: Client, release: Release, **query: Any) -> list[dict[str, Any]]:
    page = lead.get(reverse("benchmark:report-cases", args=[release.study.slug, release.pk]), query)
    assert page.status_code == 200
    lines: list[dict[str, Any]] = page.context["lines"]
    return lines


def test_a_judges_cases_are_told_in_the_cases_own_frame(lead: Client, votes: Release) -> None:
    lines = shown(lead, votes, judge=key("right"))
    assert [line["label"] for line in lines] == list(LABELS)
    assert all(line["judges"] == [{"letters": [line["label"]] * 2, "score": "1"}] for line in lines)
    first = shown(lead, votes, judge=key("first"))
    assert first[0]["judges"] == [{"letters": ["A", "B"], "score": "0.5"}]
    assert first[6]["judges"] == [{"letters": ["invalid", "A"], "score": "0.5"}]
    assert first[7]["judges"] == [{"letters": ["tie", "tie"], "score": "0"}]
    missing = shown(lead, votes, judge=key("half way"))[3]
    assert missing["judges"] == [{"letters": ["no reply", "no reply"], "score": "\N{EN DASH}"}]


def test_outcomes_slices_and_two_judges_leave_the_cases_they_name(lead: Client, votes: Release) -> None:
    judge = key("first")
    counts = {
        outcome: len(shown(lead, votes, judge=judge, outcome=outcome))
        for outcome in ("right", "half", "wrong", "invalid", "nonsense")
    }
    assert counts == {"right": 0, "half": 7, "wrong": 1, "invalid": 1, "nonsense": 8}
    assert len(shown(lead, votes, judge=judge, slice="organ_system:chest")) == 4
    assert len(shown(lead, votes, judge=judge, slice="answer_a:short")) == 8  # no facet
    assert len(shown(lead, votes, judge=judge, slice="modality:not stated")) == 4
    differing = shown(lead, votes, judge=key("right"), other=judge, outcome="differ")
    assert len(differing) == 8
    assert all(len(line["judges"]) == 2 for line in differing)


def test_a_case_shows_every_judges_replies_word_for_word(lead: Client, votes: Release) -> None:
    row = rows_of(votes)[6]
    page = lead.get(reverse("benchmark:report-case", args=[votes.study.slug, votes.pk, row.row_id]))
    text = page.content.decode()
    judges = {one["evaluation"].endpoint.name: one for one in page.context["judges"]}
    assert judges.keys() == {"right", "first", "half way"}
    assert judges["right"]["cells"][-1] == [("A", True), ("A", True)]
    assert judges["first"]["cells"][-1] == [("invalid", False), ("A", True)]
    assert judges["half way"]["replies"] == []
    assert "I cannot say." in text
    assert row.content["answer_a"] in text
    assert "2 to 1" in text


def test_a_case_of_another_release_is_not_found(lead: Client, votes: Release, cast: Cast) -> None:
    other = making.preferences(cast, "AB", name="Other", seed=77)
    row = rows_of(other)[0].row_id
    found = lead.get(reverse("benchmark:report-case", args=[votes.study.slug, votes.pk, f"{row}-none"]))
    assert found.status_code == 404
    empty = lead.get(reverse("benchmark:report-cases", args=[other.study.slug, other.pk]))
    assert "No judge has been scored" in empty.content.decode()


def test_a_figure_leads_to_its_own_cases_or_to_none(lead: Client, votes: Release) -> None:
    board = reverse("benchmark:report", args=[votes.study.slug, votes.pk])
    cases = reverse("benchmark:report-cases", args=[votes.study.slug, votes.pk])
    stated = lead.get(board, {"slice": "organ_system:chest"}).content.decode()
    assert f"{cases}?judge={key('right')}&amp;dimension=overall&amp;slice=organ_system%3Achest" in stated
    # Unanimity is computed: no list of cases has it.
    assert f"{cases}?judge=" not in lead.get(board, {"slice": "unanimity:divided"}).content.decode()


def test_images_are_those_that_were_released(cast: Cast, votes: Release) -> None:
    ours = curating.question(cast.study, curating.source(cast.study, "Other archive"), 1)
    (image,) = ours.ordered_images()
    row = {"question_id": f"question-{ours.pk}", "sha256": list(image.model_blobs)}
    assert list(case_images(votes, row)) == [image]
    assert list(case_images(votes, row | {"sha256": ["cd" * 32]})) == []
    assert list(case_images(votes, row | {"question_id": "question-x"})) == []
    assert list(case_images(votes, row | {"question_id": f"question-{10**30}"})) == []
    votes.study = cast.other_study
    assert list(case_images(votes, row)) == []
