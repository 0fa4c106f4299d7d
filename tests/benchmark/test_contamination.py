"""Models that know the data they are scored on: refused with the rows named, or marked and not ranked."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmark.contamination import IMAGE, PATIENT, QUESTION, RELEASE, SharedRow, shared_rows
from benchmark.leaderboard import judge_lines, solver_lines
from benchmark.models import Evaluation
from benchmark.preconditions import TrainedOnRows
from benchmark.report.figures import judge_report
from consilium.inference.models import ModelEndpoint
from curation.models import Release
from tests.factories import benchmark as making
from tests.factories.cast import Cast


@pytest.fixture
def scored(cast: Cast) -> Release:
    """Six cases; of the first three one has a question, one a patient and one an image that was taught."""
    own: list[dict[str, Any]] = [
        {"question_id": f"other-{number}", "cluster": f"other-{number}"} for number in range(6)
    ]
    own[0]["question_id"], own[1]["cluster"] = "taught-0", "taught-1"
    return making.preferences(cast, "ABABAB", "Scored", seed=41, changes=own)


@pytest.fixture
def taught(cast: Cast, scored: Release) -> Release:
    changes: list[dict[str, Any]] = [
        {"question_id": f"taught-{number}", "cluster": f"taught-{number}"} for number in range(3)
    ]
    picture = scored.rows.order_by("position")[2].content["sha256"]
    return making.preferences(
        cast, "ABA", "Taught", seed=42, changes=[*changes[:2], changes[2] | {"sha256": picture}]
    )


def learn(model: ModelEndpoint, *releases: Release) -> None:
    """From now on it is known what the model was trained on."""
    model.provenance = {"releases": [one.digest for one in releases]}
    model.save()


def test_each_row_says_what_it_has_in_common(cast: Cast, scored: Release, taught: Release) -> None:
    judge, other = making.trained("judge", making.endpoint("base"), [taught.digest]), making.endpoint("other")
    ids = list(scored.rows.order_by("position").values_list("row_id", flat=True))
    expected = [SharedRow(ids[0], (QUESTION,)), SharedRow(ids[1], (PATIENT,)), SharedRow(ids[2], (IMAGE,))]
    assert shared_rows(scored, [judge, other]) == {judge.pk: expected}
    learn(judge, scored)
    assert [row.because for row in shared_rows(scored, [judge])[judge.pk]] == [
        (RELEASE, QUESTION, PATIENT, IMAGE)
    ] * 6


def test_a_refusal_names_rows_and_leads_to_all_of_them(cast: Cast, scored: Release, taught: Release) -> None:
    judge = making.trained("judge", making.endpoint("base"), [taught.digest])
    ids = list(scored.rows.order_by("position").values_list("row_id", flat=True)[:3])
    with pytest.raises(TrainedOnRows, match=rf"of 3 rows .* on it: {', '.join(ids)}\.$"):
        making.launched(cast, scored, judge)
    again, two = (
        making.preferences(cast, "ABABAB", "Again", seed=41),
        making.trained("two", judge, [scored.digest]),
    )
    with pytest.raises(TrainedOnRows, match=r" and 3 more\.$"):
        making.launched(cast, again, two)
    client = Client()
    client.force_login(cast.lena)
    sent = {"release": scored.pk, "endpoints": [judge.pk], "standard": "on"}
    said = client.post(reverse("benchmark:launch", args=[cast.study.slug, "judge"]), sent).content.decode()
    place = reverse("benchmark:shared-data", args=[cast.study.slug, scored.pk, judge.pk])
    assert place in said
    page = client.get(place).content.decode()
    assert "3 of 6 rows of Scored" in page
    assert re.findall(r"<td>(same \w+)</td>", page) == [QUESTION, PATIENT, IMAGE]
    assert not Evaluation.objects.exists()


def test_what_was_scored_before_is_marked_and_not_ranked(
    cast: Cast, scored: Release, taught: Release
) -> None:
    right = [(letter, "B" if letter == "A" else "A") for letter in "ABABAB"]
    knows, blind = making.endpoint("knows"), making.endpoint("blind")
    for judge in (knows, blind):
        making.judged(cast, scored, judge, right)
    assert [line.is_ranked for line in judge_lines(scored)] == [True, True]
    learn(knows, taught)
    lines = {line.evaluation.endpoint.name: line for line in judge_lines(scored)}
    assert (lines["knows"].shared, lines["knows"].is_ranked) == (3, False)
    assert (lines["blind"].shared, lines["blind"].is_ranked) == (0, True)
    judges = {one.name: one for one in judge_report(scored, replicates=20).judges}
    assert (judges["knows"].shared, judges["knows"].is_ranked) == (3, False)
    assert (judges["blind"].shared, judges["blind"].is_ranked) == (0, True)
    client = Client()
    client.force_login(cast.lena)
    place = reverse("benchmark:shared-data", args=[cast.study.slug, scored.pk, knows.pk])
    for name, arguments in (("leaderboard", ()), ("report", (scored.pk,))):
        address = reverse(f"benchmark:{name}", args=[cast.study.slug, *arguments])
        page = client.get(f"{address}?judges={scored.pk}").content.decode()
        assert page.count("Knows this data, not ranked") == 1
        assert f'href="{place}">3 shared rows</a>' in page


def test_a_solver_that_knows_the_questions_is_marked(cast: Cast) -> None:
    held_out, solver = making.questions(cast, 4), making.endpoint("solver")
    making.solved(cast, held_out, solver, dict.fromkeys(range(4), True))
    learn(solver, making.questions(cast, 2, "Later", seed=8, split="train", cluster="test-1"))
    (line,) = solver_lines(held_out)
    assert (line.shared, line.is_ranked) == (2, False)
    client = Client()
    client.force_login(cast.lena)
    board = reverse("benchmark:leaderboard", args=[cast.study.slug]) + f"?solvers={held_out.pk}"
    assert "2 shared rows</a>" in client.get(board).content.decode()
