"""The leaderboard is computed once, kept, and brought up to date when answers come in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark import kept_leaderboard, leaderboard, presentation
from benchmark.judge_job import store_verdicts
from benchmark.kept_leaderboard import LEADERBOARD, kept_judges, kept_solvers
from benchmark.models import LeaderboardSummary
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs import summaries
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.statistics import bootstrap
from consilium.statistics.judge_scores import compare_judges
from curation.releases.freeze import rows_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast

LABELS = "ABABABABAB"
RIGHT = [(letter, "B" if letter == "A" else "A") for letter in LABELS]
WRONG = [(other, letter) for letter, other in RIGHT]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat any number of answers as too many for a request."""
    monkeypatch.setattr(summaries, "FEW", 0)


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def page(lead: Client, cast: Cast, **query: Any) -> Any:
    return lead.get(reverse("benchmark:leaderboard", args=[cast.study.slug]), query)


def test_kept_lines_are_those_that_were_computed(cast: Cast) -> None:
    votes, held_out = making.preferences(cast, LABELS), making.questions(cast, 8)
    making.judged(cast, votes, making.endpoint("good"), [*RIGHT[:9], ("tie", None)])
    making.judged(cast, votes, making.endpoint("poor"), WRONG)
    making.judged(cast, votes, making.endpoint("unfinished"), RIGHT[:3])
    base = making.endpoint("base")
    making.solved(cast, held_out, base, {n: n < 2 for n in range(8)})
    making.solved(cast, held_out, making.trained("after", base), {n: n < 7 or None for n in range(8)})
    judges, _ = kept_judges(votes)
    solvers, kept = kept_solvers(held_out)
    assert judges is not None
    assert solvers is not None
    assert kept.is_current
    assert judges.lines == leaderboard.judge_lines(votes)
    assert solvers.lines == leaderboard.solver_lines(held_out)
    assert (solvers.questions, solvers.chance) == (8, 1 / 4)


def test_a_look_at_unchanged_lines_computes_nothing(
    cast: Cast,
    lead: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    votes = making.preferences(cast, LABELS)
    making.judged(cast, votes, making.endpoint("good"), RIGHT)
    before = page(lead, cast).context["judges"]["table"]
    monkeypatch.delattr(kept_leaderboard, "judge_lines")
    monkeypatch.delattr(bootstrap, "resampled_sums")
    with django_assert_max_num_queries(20):
        again = page(lead, cast)
    assert again.context["judges"]["table"] == before
    assert "nothing has changed since" in again.content.decode()


def test_a_new_verdict_or_judge_is_seen_at_once_while_they_are_few(cast: Cast, lead: Client) -> None:
    votes, judge = making.preferences(cast, LABELS), making.endpoint("slow")
    (made,) = making.launched(cast, votes, judge)

    def answer(order: str, letter: str) -> None:
        text = making.verdict_text(letter)
        store_verdicts(made, [(f"case-9/{order}", making.reply(judge, order, text))])

    def coverage() -> list[str]:
        return [row["coverage"] for row in page(lead, cast).context["judges"]["table"]]

    assert coverage() == ["0.0"]
    answer("ab", "B")
    assert coverage() == ["5.0"]
    answer("ba", "A")
    making.over(made)
    assert coverage() == ["10.0"]
    making.judged(cast, votes, making.endpoint("next"), RIGHT)
    assert coverage() == ["100.0", "10.0"]
    assert not Job.objects.filter(kind=LEADERBOARD.name).exists()


def test_only_answers_that_may_still_come_in_are_counted_at_a_look(cast: Cast) -> None:
    """Counting 65,000 verdicts took a third of a look."""
    votes = making.preferences(cast, LABELS)
    key = {"release_id": votes.pk}
    making.judged(cast, votes, making.endpoint("over"), RIGHT)
    (coming,) = making.launched(cast, votes, making.endpoint("coming"))
    assert kept_leaderboard.answers_so_far(key).counts[1] == [(coming.pk, 0)]
    assert kept_leaderboard.answers_so_far(key).rows == 40
    before = kept_leaderboard.answers_so_far(key).fingerprint
    making.over(coming)
    assert kept_leaderboard.answers_so_far(key).fingerprint != before


def test_many_verdicts_are_computed_by_a_job_while_the_last_lines_are_shown(
    cast: Cast, lead: Client, many: None
) -> None:
    votes = making.preferences(cast, LABELS)
    making.judged(cast, votes, making.endpoint("good"), RIGHT)
    text = page(lead, cast).content.decode()
    assert "Figures of judges: being computed" in text
    assert "No judge has been scored" not in text
    run_now(Job.objects.get(kind=LEADERBOARD.name))
    assert len(page(lead, cast).context["judges"]["table"]) == 1
    making.judged(cast, votes, making.endpoint("poor"), WRONG)
    LeaderboardSummary.objects.update(computed_at=timezone.now() - timedelta(hours=2))
    stale = page(lead, cast)
    assert len(stale.context["judges"]["table"]) == 1
    assert "as of 2\N{NO-BREAK SPACE}hours ago" in stale.content.decode()
    run_now(Job.objects.get(kind=LEADERBOARD.name, state="queued"))
    assert len(page(lead, cast).context["judges"]["table"]) == 2


def test_compute_now_comes_back_to_the_chosen_release(cast: Cast, lead: Client) -> None:
    votes = making.preferences(cast, LABELS)
    making.judged(cast, votes, making.endpoint("good"), RIGHT)
    page(lead, cast)
    LeaderboardSummary.objects.update(content={}, computed_at=timezone.now() - timedelta(hours=2))
    address = reverse("benchmark:compute-leaderboard", args=[cast.study.slug, votes.pk])
    done = lead.post(f"{address}?judges={votes.pk}")
    assert done["Location"].endswith(f"/leaderboard/?judges={votes.pk}")
    assert len(LeaderboardSummary.objects.get().content["lines"]) == 1


def test_a_board_without_answers_is_empty_and_starts_no_job(cast: Cast, lead: Client) -> None:
    making.preferences(cast, LABELS)
    making.questions(cast, 4)
    text = page(lead, cast).content.decode()
    assert "No judge has been scored" in text
    assert "No solver has been scored" in text
    assert not Job.objects.exists()


def test_neighbours_are_compared_and_told_apart_or_not(cast: Cast, lead: Client) -> None:
    votes = making.preferences(cast, LABELS)
    making.judged(cast, votes, making.endpoint("poor"), WRONG)
    making.judged(cast, votes, making.endpoint("good"), RIGHT)
    making.judged(cast, votes, making.endpoint("fair"), [*RIGHT[:8], *WRONG[8:]])
    lines = leaderboard.judge_lines(votes)
    assert [line.evaluation.endpoint.name for line in lines] == ["good", "fair", "poor"]
    good, fair, poor = lines
    assert good.lead is not None
    assert fair.lead is not None
    assert poor.lead is None
    letters = leaderboard._letters([line.evaluation for line in lines])
    rows = list(rows_of(votes).values_list("content", flat=True))
    cases = [leaderboard.judged_cases(rows, letters[line.evaluation.pk]) for line in lines]
    alone = compare_judges(cases[0], cases[1], dimension=DIMENSIONS[-1])
    assert good.lead.over == "fair"
    assert good.lead.difference.value == pytest.approx(0.2)
    assert good.lead.difference.interval == alone.interval
    assert good.lead.p == alone.p == 0.5  # the largest of the three stays as it is
    assert fair.lead.p == pytest.approx(2 * 2 / 2**8)  # two of three are as small or smaller
    assert presentation.lead_table(lines)[0]["difference"]["value"] == "+20.0"
    assert "Are neighbours told apart?" in page(lead, cast).content.decode()
