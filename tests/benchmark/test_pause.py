"""Evaluations that are paused, go on, are given up; how fast they go, and what goes wrong with them."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark import answer_batches, judge_job, leaderboard
from benchmark.models import Evaluation, Verdict
from benchmark.pause import give_up_evaluation, pause_evaluation, resume_evaluation
from benchmark.preconditions import EvaluationRefused
from benchmark.progress_words import told_progress
from benchmark.reply_failures import FailedReplies, failed_replies
from benchmark.report.costs import judging_costs
from benchmark.scoring_pace import failures_so_far, scoring_pace
from consilium.audit.models import AuditEvent
from consilium.jobs.claim import claim
from consilium.jobs.models import Job
from consilium.jobs.reaper import requeue_lost
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from tests.benchmark.test_commands import manage
from tests.benchmark.test_evaluations import Judge, text_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered

RIGHT = [("A", "B")] * 4


def paused_after(monkeypatch: pytest.MonkeyPatch, cast: Cast, count: int) -> None:
    """A lead pauses when so many verdicts are stored."""
    store = judge_job.store_verdicts

    def and_pause(evaluation: Evaluation, answered: Any) -> None:
        store(evaluation, answered)
        if Verdict.objects.filter(evaluation=evaluation).count() == count:
            pause_evaluation(evaluation=evaluation, by=cast.lena)

    monkeypatch.setattr(judge_job, "store_verdicts", and_pause)
    monkeypatch.setattr(answer_batches, "BATCH_ANSWERS", 1)


def test_a_paused_evaluation_keeps_its_verdicts_and_goes_on_at_what_is_missing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = making.preferences(cast)
    with Stub(Judge()) as stub:
        (made,) = making.launched(cast, release, making.endpoint("judge", base_url=stub.url))
        with monkeypatch.context() as patch:
            paused_after(patch, cast, 3)
            assert run_now(made.job).state == JobState.CANCELLED
        made = Evaluation.objects.select_related("job").get(pk=made.pk)
        assert (made.is_paused, made.state, made.verdicts.count()) == (True, "paused", 3)
        (line,) = leaderboard.judge_lines(release)  # shown with its coverage, not ranked
        assert (line.verdicts, line.is_ranked) == (3, False)
        earlier = made.job
        made = resume_evaluation(evaluation=made, by=cast.lena)
        assert (made.job.pk == earlier.pk, made.state, made.paused_at) == (False, "queued", None)
        assert run_now(made.job).result == {"verdicts": 8}
        assert len(stub.bodies) == 8  # nothing that was answered is asked twice
    assert Job.objects.get(pk=earlier.pk).state == JobState.CANCELLED
    actions = AuditEvent.objects.filter(action__startswith="evaluation.").order_by("pk")
    assert [one.action for one in actions] == [
        "evaluation.launched", "evaluation.paused", "evaluation.resumed",
    ]  # fmt: skip


def test_a_pause_holds_when_the_worker_is_killed_before_it_hears_of_it(cast: Cast) -> None:
    (made,) = making.launched(cast, making.preferences(cast), making.endpoint("judge"))
    assert claim(made.job_id) is not None
    assert not pause_evaluation(evaluation=made, by=cast.lena).is_paused  # its worker has not stopped yet
    with pytest.raises(EvaluationRefused, match="still stopping"):
        resume_evaluation(evaluation=made, by=cast.lena)
    Job.objects.filter(pk=made.job_id).update(lease_until=timezone.now() - timedelta(minutes=1))
    requeue_lost()
    made.job.refresh_from_db()
    made.refresh_from_db()
    assert made.is_paused
    assert resume_evaluation(evaluation=made, by=cast.lena).job.state == JobState.QUEUED


def test_what_is_given_up_leaves_the_boards_and_may_still_go_on(cast: Cast) -> None:
    release = making.preferences(cast)
    (made,) = making.launched(cast, release, making.endpoint("judge"))
    pause_evaluation(evaluation=made, by=cast.lena)
    assert len(leaderboard.judge_lines(release)) == 1
    assert give_up_evaluation(evaluation=made, by=cast.lena).state == "cancelled"
    assert leaderboard.judge_lines(release) == []
    with pytest.raises(EvaluationRefused, match="nothing to stop"):
        give_up_evaluation(evaluation=made, by=cast.lena)
    assert resume_evaluation(evaluation=made, by=cast.lena).state == "queued"


def test_what_cannot_be_paused_or_go_on_says_so(cast: Cast) -> None:
    release, judge = making.preferences(cast), making.endpoint("judge")
    made = making.judged(cast, release, judge, RIGHT)
    with pytest.raises(EvaluationRefused, match="nothing to pause"):
        pause_evaluation(evaluation=made, by=cast.lena)
    with pytest.raises(EvaluationRefused, match="only what was paused, stopped or failed"):
        resume_evaluation(evaluation=made, by=cast.lena)
    making.over(made, JobState.FAILED)
    for act in (pause_evaluation, resume_evaluation, give_up_evaluation):
        with pytest.raises(NotAllowed):
            act(evaluation=made, by=cast.anna)
    Evaluation.objects.update(prompt_sha256="0" * 64)
    with pytest.raises(EvaluationRefused, match="The prompt has changed"):
        resume_evaluation(evaluation=made, by=cast.lena)
    (again,) = making.launched(cast, release, judge)
    with pytest.raises(EvaluationRefused, match="already"):
        resume_evaluation(evaluation=made, by=cast.lena)
    assert again.job.state == JobState.QUEUED


def test_what_an_earlier_parser_read_is_read_anew_before_it_goes_on(cast: Cast) -> None:
    made = making.judged(cast, making.preferences(cast), making.endpoint("judge"), RIGHT[:2])
    making.over(made, JobState.FAILED)
    Evaluation.objects.update(parser_version="verdicts-0")
    Verdict.objects.update(parsed={}, reason="")
    made.refresh_from_db()
    assert resume_evaluation(evaluation=made, by=cast.lena).parser_version == "verdicts-2"
    assert set(Verdict.objects.values_list("parsed__overall", flat=True)) == {"A", "B"}


async def badly(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """Each case fails in a way of its own."""
    text = text_of(body)
    if "words of 0." in text:
        return answered('{"overall": "A"', finish_reason="length")
    if "words of 1." in text:
        return answered("I'm sorry, I can't assist with that.")
    if "words of 2." in text:
        return answered('{"overall": "the first, I think", "accuracy": 7}')
    return web.Response(status=400, text="{}")


def test_four_failures_are_four_different_things_everywhere(cast: Cast) -> None:
    with Stub(badly) as stub:
        (made,) = making.launched(cast, making.preferences(cast), making.endpoint("bad", base_url=stub.url))
        job = run_now(made.job)
    assert (job.state, job.error) == (
        JobState.FAILED,
        "2 of 8 calls got no answer: The server refuses the request (HTTP 400).",
    )
    made = Evaluation.objects.select_related("job", "endpoint").get(pk=made.pk)
    assert failures_so_far(made) == FailedReplies(cut=2, refused=2, wrong_format=2)
    assert made.unanswered == {"The server refuses the request (HTTP 400).": 2}
    cost = judging_costs([made])[str(made.pk)]
    assert (failed_replies(cost.read_as), cost.unanswered) == (FailedReplies(2, 2, 2), 2)
    told = told_progress(made)
    assert [told[name] for name in ("answered", "cut", "refused", "wrong_format")] == [6, 2, 2, 2]
    assert sum(told["no_answer"].values()) == 2
    client = Client()
    client.force_login(cast.lena)
    page = client.get(reverse("benchmark:evaluation", args=[cast.study.slug, made.pk])).content.decode()
    for label in ("Cut", "Refused", "Wrong format", "No answer"):
        assert f'stat-label">{label}' in page, label
    assert "2 without an answer: The server refuses the request (HTTP 400)." in page
    assert "Resume" in page
    with Stub(Judge()) as stub:
        made.endpoint.__class__.objects.update(base_url=stub.url)
        assert run_now(resume_evaluation(evaluation=made, by=cast.lena).job).state == JobState.SUCCEEDED
    made.refresh_from_db()
    assert made.unanswered == {}  # of the last try


def test_a_refusal_in_a_field_of_its_own_is_one(cast: Cast) -> None:
    async def refuse(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return answered(None, message={"refusal": "Not for me."})

    with Stub(refuse) as stub:
        (made,) = making.launched(
            cast, making.preferences(cast, "A"), making.endpoint("no", base_url=stub.url)
        )
        assert run_now(made.job).state == JobState.SUCCEEDED
    assert failures_so_far(made) == FailedReplies(refused=2)
    assert made.verdicts.select_related("reply")[0].reply.text == "Not for me."


def test_solvers_tell_cut_replies_from_others_without_a_letter(cast: Cast) -> None:
    made = making.solved(cast, making.questions(cast, 3), making.endpoint("s"), {0: True, 1: None})
    assert failures_so_far(made) == FailedReplies(wrong_format=1)


def test_the_pace_is_that_of_the_last_minute(cast: Cast) -> None:
    made = making.judged(cast, making.preferences(cast), making.endpoint("judge"), RIGHT[:3])
    assert scoring_pace(made) is None  # it is over
    started = timezone.now() - timedelta(seconds=20)
    Job.objects.filter(pk=made.job_id).update(
        state=JobState.RUNNING, started_at=started, claim_token=made.job_id, lease_until=timezone.now(),
        progress_done=6, progress_total=8,
    )  # fmt: skip
    made.job.refresh_from_db()
    pace = scoring_pace(made)
    assert pace is not None
    assert pace.per_second == pytest.approx(6 / 20, rel=0.2)
    assert pace.seconds_left == pytest.approx(2 / pace.per_second)
    # Replies of an earlier evaluation were no calls.
    Job.objects.filter(pk=made.job_id).update(started_at=timezone.now() + timedelta(seconds=1))
    made.job.refresh_from_db()
    assert scoring_pace(made) is None


def test_a_lead_pauses_and_resumes_on_the_page_and_by_command(cast: Cast) -> None:
    (made,) = making.launched(cast, making.preferences(cast), making.endpoint("judge"))
    client = Client()
    client.force_login(cast.lena)
    page = reverse("benchmark:evaluation", args=[cast.study.slug, made.pk])

    def press(name: str) -> str:
        answer = client.post(reverse(f"benchmark:{name}", args=[cast.study.slug, made.pk]), follow=True)
        assert answer.redirect_chain[-1][0] == page
        return str(answer.content.decode())

    assert f"pause-{made.pk}" in client.get(page).content.decode()
    assert "is paused; what was answered stays" in (shown := press("pause"))
    assert f"resume-{made.pk}" in shown
    assert f"pause-{made.pk}" not in shown
    board = client.get(reverse("benchmark:leaderboard", args=[cast.study.slug])).content.decode()
    assert "Paused" in board
    assert "on the queue again" in press("resume")
    number = str(made.pk)
    assert manage("evaluation", "pause", number)["evaluations"][0]["state"] == "paused"
    assert manage("evaluation", "show", number)["evaluations"][0]["calls"] == 8
    assert "is stopped" in press("give-up")
    assert manage("evaluation", "resume", number)["evaluations"][0]["state"] == "queued"
    live = client.get(reverse("benchmark:live", args=[cast.study.slug, made.pk]))
    assert "every 2s" in live.content.decode()
    assert "HX-Refresh" not in live
    making.over(Evaluation.objects.get(pk=made.pk))
    assert client.get(reverse("benchmark:live", args=[cast.study.slug, made.pk]))["HX-Refresh"] == "true"
