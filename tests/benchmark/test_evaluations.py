"""Scoring with a model that answers on loopback: orders, resuming, failures; what may be scored at all."""

import json
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from benchmark import leaderboard
from benchmark.judge_job import judge_cases
from benchmark.launch import evaluate
from benchmark.models import Evaluation, SolverResult, Verdict
from benchmark.preconditions import EvaluationRefused
from benchmark.solve_job import solve_questions
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.claim import claim
from consilium.jobs.handle import JobHandle, LeaseLost
from consilium.jobs.lease import Lease
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.models import Source
from curation.releases.freeze import rows_of, withdraw_release
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.factories.training import trace_release
from tests.harness.chat_server import Stub, answered


def text_of(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


class Judge:
    """Prefers the answer with "first words" wherever it stands; fails where `fails` stands in the prompt."""

    def __init__(self, fails: str = "\0") -> None:
        self.fails = fails

    async def __call__(self, stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        text = text_of(body)
        if self.fails in text:
            return web.Response(status=400, text="{}")
        letter = "A" if text.index("first words") < text.index("second words") else "B"
        return answered(json.dumps(dict.fromkeys(DIMENSIONS, letter)))


def requeue(evaluation: Evaluation) -> Job:
    """As the sweeper does after a worker died."""
    Job.objects.filter(pk=evaluation.job_id).update(state=JobState.QUEUED)
    return evaluation.job


def test_every_case_is_asked_in_both_orders_with_the_released_image(cast: Cast) -> None:
    release = making.preferences(cast)
    with Stub(Judge()) as stub:
        (made,) = making.launched(cast, release, making.endpoint("judge", base_url=stub.url))
        job = run_now(made.job)
        assert (job.state, job.result) == (JobState.SUCCEEDED, {"verdicts": 8})
        texts = [text_of(body) for body in stub.bodies]
        images = [
            part for body in stub.bodies for part in body["messages"][0]["content"] if "image_url" in part
        ]
    orders = Counter(text.index("first words") < text.index("second words") for text in texts)
    assert orders == {True: 4, False: 4}
    for row in rows_of(release):  # judges see the options, as the clinicians did
        assert sum(f"A. {row.content['options']['A']}\nB. " in text for text in texts) >= 2
    assert len(images) == 8
    assert all(part["image_url"]["url"].startswith("data:image/png;base64,") for part in images)
    stored = Counter(Verdict.objects.values_list("order", "parsed__overall"))
    assert stored == {("ab", "A"): 4, ("ba", "B"): 4}  # always answer A: right in three of four cases
    (line,) = leaderboard.judge_lines(release)
    assert line.overall.accuracy.value == 3 / 4
    made.refresh_from_db()
    assert made.run_card["release"] == release.digest
    assert made.run_card["orders"] == ["ab", "ba"]
    assert {body["max_tokens"] for body in stub.bodies} == {made.run_card["sampling"]["max_tokens"]}


def test_remote_models_are_asked_side_by_side_and_served_ones_one_after_the_other(cast: Cast) -> None:
    remote, served = making.endpoint("remote"), making.endpoint("served", path="x", base_url="")
    made = making.launched(cast, making.preferences(cast), remote, served)
    assert [(one.endpoint.name, one.job.queue) for one in made] == [("remote", "remote"), ("served", "gpu")]


def test_a_second_try_asks_only_for_what_is_missing(cast: Cast) -> None:
    release = making.preferences(cast)
    with Stub(Judge(fails="words of 2.")) as stub:
        (made,) = making.launched(cast, release, making.endpoint("judge", base_url=stub.url))
        job = run_now(made.job)
        assert job.state == JobState.FAILED
        assert job.error.startswith("2 of 8 calls got no answer")
        (line,) = leaderboard.judge_lines(release)
        assert (line.is_complete, line.verdicts, line.overall.cases) == (False, 6, 3)
        stub.behave = Judge()
        asked = len(stub.bodies)
        assert run_now(requeue(made)).result == {"verdicts": 8}
        assert all("words of 2." in text_of(body) for body in stub.bodies[asked:])
        assert len(stub.bodies) - asked == 2
        # A new evaluation of the same model finds its replies stored.
        (again,) = making.launched(cast, release, made.endpoint)
        assert run_now(again.job).state == JobState.SUCCEEDED
        assert len(stub.bodies) - asked == 2
    assert Verdict.objects.count() == 16


@pytest.mark.parametrize(
    ("text", "finish", "overall", "accuracy"),
    [
        ('{"accuracy": "B", "overall": "A"}', "stop", "A", "B"),
        ("overall: B", "stop", "B", None),
        ("[[A]]", "stop", "A", None),
        ("<think>I wonder", "stop", None, None),
        ('{"overall": "A|B"}', "stop", None, None),
        ('{"overall": "A"} and then', "length", None, None),
    ],
)
def test_replies_are_read_strictly(
    cast: Cast, text: str, finish: str, overall: str | None, accuracy: str | None
) -> None:
    async def say(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return answered(text, finish_reason=finish)

    with Stub(say) as stub:
        (made,) = making.launched(
            cast, making.preferences(cast, "A"), making.endpoint("j", base_url=stub.url)
        )
        assert run_now(made.job).state == JobState.SUCCEEDED
    for verdict in made.verdicts.select_related("reply"):
        assert (verdict.parsed["overall"], verdict.parsed["accuracy"]) == (overall, accuracy)
        assert verdict.reply.text == text
        assert set(verdict.parsed) == set(DIMENSIONS)


def test_solvers_are_asked_once_and_what_has_no_answer_is_left_out(cast: Cast) -> None:
    async def solve(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return answered("<think>Red.</think><answer>A</answer>")

    release = making.questions(cast, 4)
    with Stub(solve) as stub:
        solver = making.endpoint("solver", base_url=stub.url)
        (made,) = making.launched(cast, release, solver)
        assert run_now(made.job).result == {"answers": 4}
        assert run_now(requeue(made)).result == {"answers": 4}
        assert len(stub.bodies) == 4
    assert set(SolverResult.objects.values_list("letter", flat=True)) == {"A"}
    made.refresh_from_db()
    assert made.run_card["sampling"] == {"temperature": 0, "max_tokens": 512}
    open_ones = making.questions(cast, 2, "Open", seed=5, options={}, answer_label="", answer="")
    with pytest.raises(EvaluationRefused, match="no question of it has options or an answer"):
        making.launched(cast, open_ones, solver)


def test_no_score_is_reported_on_questions_that_choose_a_merge(cast: Cast) -> None:
    with pytest.raises(EvaluationRefused, match="holds dev questions, on which merges are chosen"):
        making.launched(cast, making.questions(cast, 2, split="dev"), making.endpoint("solver"))


def lost(made: Evaluation) -> JobHandle:
    """The handle of a worker whose job somebody else has taken."""
    held = claim(made.job_id)
    assert held is not None
    Job.objects.filter(pk=held.pk).update(claim_token="00000000-0000-4000-8000-000000000000")
    return JobHandle(held, Lease(held))


def test_a_worker_that_lost_its_job_stores_nothing(cast: Cast) -> None:
    with Stub(Judge()) as stub:
        model = making.endpoint("model", base_url=stub.url)
        (judging,) = making.launched(cast, making.preferences(cast), model)
        with pytest.raises(LeaseLost):
            judge_cases(lost(judging))

    async def answer(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return answered("<answer>A</answer>")

    with Stub(answer) as stub:
        (solving,) = making.launched(cast, making.questions(cast, 2), making.endpoint("s", base_url=stub.url))
        with pytest.raises(LeaseLost):
            solve_questions(lost(solving))
    assert not Verdict.objects.exists()
    assert not SolverResult.objects.exists()
    assert not Evaluation.objects.exclude(run_card={}).exists()


def test_only_leads_of_the_study_score(cast: Cast) -> None:
    release, judge = making.preferences(cast), making.endpoint("judge")
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            evaluate(study=cast.study, kind="judge", release=release, endpoints=[judge], by=person)
    assert not Evaluation.objects.exists()
    assert not Job.objects.exists()


def refused(cast: Cast, kind: str, release: Any, *endpoints: Any) -> str:
    with pytest.raises(Refused) as caught:
        evaluate(study=cast.study, kind=kind, release=release, endpoints=endpoints, by=cast.lena)
    return str(caught.value)


def test_what_does_not_fit_is_refused_by_name(cast: Cast) -> None:
    votes, held_out, judge = making.preferences(cast), making.questions(cast), making.endpoint("judge")
    assert "is scored on a preference release" in refused(cast, "judge", held_out, judge)
    assert "is scored on a held-out question release" in refused(cast, "solver", votes, judge)
    assert refused(cast, "judge", votes) == "Choose at least one model."
    assert refused(cast, "judge", votes, judge, judge) == "Name each model once."
    foreign = making.endpoint("theirs", study=cast.other_study)
    assert "no such model" in refused(cast, "judge", votes, foreign)
    aside = making.endpoint("old", is_active=False)
    assert "no longer in use" in refused(cast, "judge", votes, aside)
    making.launched(cast, votes, judge)
    assert "is being scored on Preferences 1 already" in refused(cast, "judge", votes, judge)
    withdraw_release(release=held_out, reason="A patient objected.", by=cast.lena)
    held_out.refresh_from_db()
    assert "is withdrawn" in refused(cast, "solver", held_out, judge)


def test_a_hosted_model_gets_only_what_its_source_permits(cast: Cast) -> None:
    votes, hosted = making.preferences(cast), making.endpoint("hosted", is_hosted=True)
    assert "rule may_send_to_hosted" in refused(cast, "judge", votes, hosted)
    Source.objects.update(may_send_to_hosted=True)
    (made,) = making.launched(cast, votes, hosted)
    Source.objects.update(may_send_to_hosted=False)
    job = run_now(made.job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert "rule may_send_to_hosted" in job.error


def test_no_model_is_scored_on_what_it_was_trained_on(cast: Cast) -> None:
    base, votes = making.endpoint("base"), making.preferences(cast)
    same = making.trained("same", base, [votes.digest])
    assert "was trained on this release" in refused(cast, "judge", votes, same)
    traces = trace_release(cast.study, cast.lena)
    fitted = making.trained("fitted", base, [traces.digest])
    assert making.launched(cast, making.questions(cast), fitted)
    leaked = making.questions(cast, 4, "Leaked", seed=4, cluster="cluster-1")
    said = refused(cast, "solver", leaked, fitted)
    assert "questions, patients or images of 4 rows of this release" in said
    # Judges learn from cases of test use, too; of use dev they never see one.
    uses = [{"split": "test"}, {"split": "dev"}]
    taught = making.preferences(cast, "AB", "Taught", seed=31, changes=uses)
    judge = making.trained("taught", base, [taught.digest])
    clusters = [{"cluster": f"case-cluster-{number}", "question_id": f"q{number}"} for number in range(2)]
    scored = making.preferences(cast, "AB", "Scored", seed=32, changes=clusters)
    assert "patients or images of 1 rows of this release" in refused(cast, "judge", scored, judge)


def test_a_release_withdrawn_meanwhile_is_not_scored(cast: Cast) -> None:
    release = making.preferences(cast)
    (made,) = making.launched(cast, release, making.endpoint("judge"))
    withdraw_release(release=release, reason="A patient objected.", by=cast.lena)
    job = run_now(made.job)
    assert job.state == JobState.FAILED
    assert "was withdrawn since the evaluation was launched" in job.error
