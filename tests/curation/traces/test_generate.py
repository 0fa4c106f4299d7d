"""Writing traces with a model behind a loopback server."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from consilium.inference.models import ModelEndpoint, Reply
from consilium.inference.refusals import EndpointRefused
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.models import Study
from consilium.people.permissions import NotAllowed
from curation.models import Question, Trace
from curation.states import TraceState
from curation.traces import generate
from curation.traces.generate import NothingToTrace, start_tracing
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.ask import endpoint_of
from tests.harness.chat_server import Stub, answered

GOOD = "<think>The field is red. A red field is option A.</think><answer>A</answer>"


async def teach(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """Sample 0 is good, others differ by their seed; question 2 is answered wrongly."""
    text = body["messages"][0]["content"][-1]["text"]
    if "picture 2" in text:
        return answered("<think>It is blue.</think><answer>B</answer>")
    if seed := body.get("seed"):
        return answered(f"<think>Sample {seed} sees red. So it must be A.</think><answer>A</answer>")
    return answered(GOOD)


@pytest.fixture
def teacher(cast: Cast) -> Iterator[ModelEndpoint]:
    with Stub(teach) as stub:
        yield endpoint_of(stub, "teacher")


@pytest.fixture
def questions(cast: Cast) -> list[Question]:
    of = making.source(cast.study)
    making.question(cast.study, of, 9, use="test")
    making.question(cast.study, of, 8, state="imported")
    return [making.question(cast.study, of, number) for number in (1, 2)]


def run(job: Job) -> Job:
    done = run_now(job)
    assert done.state == "succeeded", done.error or done.error_detail
    return done


def test_training_questions_get_checked_traces_with_steps(
    cast: Cast, teacher: ModelEndpoint, questions: list[Question]
) -> None:
    job = run(start_tracing(study=cast.study, endpoint=teacher, by=cast.lena))
    good, wrong = Trace.objects.order_by("question_id")
    assert (good.state, good.answer_label) == (TraceState.CHECKED, "A")
    assert [step.text for step in good.steps.all()] == ["The field is red.", "A red field is option A."]
    assert {check["name"] for check in good.checks if check["passed"]} >= {"format", "letter_equals_gold"}
    assert (wrong.state, wrong.answer_label) == (TraceState.FAILED_CHECK, "B")
    assert job.result["states"] == {"checked": 1, "failed_check": 1}
    assert {trace.question.external_id for trace in (good, wrong)} == {"Q1", "Q2"}


def test_a_second_job_finds_nothing_and_says_so(
    cast: Cast, teacher: ModelEndpoint, questions: list[Question]
) -> None:
    run(start_tracing(study=cast.study, endpoint=teacher, by=cast.lena))
    with pytest.raises(NothingToTrace, match="already has its traces"):
        start_tracing(study=cast.study, endpoint=teacher, by=cast.lena)


def test_of_several_samples_one_is_kept(
    cast: Cast, teacher: ModelEndpoint, questions: list[Question]
) -> None:
    Study.objects.filter(pk=cast.study.pk).update(settings_data={"trace_samples": 3, "trace_tokens_min": 1})
    cast.study.refresh_from_db()
    run(start_tracing(study=cast.study, endpoint=teacher, by=cast.lena))
    states = list(questions[0].traces.order_by("sample").values_list("state", flat=True))
    assert states[0] == TraceState.CHECKED
    assert set(states[1:]) <= {TraceState.NOT_SELECTED, TraceState.FAILED_CHECK}
    assert len(states) == 3


def test_a_job_that_died_half_way_goes_on_without_asking_or_storing_twice(
    cast: Cast, teacher: ModelEndpoint, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = generate._Round._store
    seen: list[int] = []

    def die_after_one(self: Any, question: Question, *rest: Any) -> int:
        if len(seen) == 1:
            seen.append(0)
            raise RuntimeError("killed")
        seen.append(question.pk)
        return store(self, question, *rest)

    monkeypatch.setattr(generate._Round, "_store", die_after_one)
    job = run(start_tracing(study=cast.study, endpoint=teacher, by=cast.lena))
    assert (job.attempt, len(seen)) == (2, 3)
    assert Trace.objects.count() == 2
    assert Reply.objects.count() == 2
    assert Trace.objects.values("question", "sample").distinct().count() == 2


def test_a_hosted_model_gets_only_what_its_source_permits(
    cast: Cast, teacher: ModelEndpoint, questions: list[Question]
) -> None:
    ModelEndpoint.objects.filter(pk=teacher.pk).update(is_hosted=True)
    teacher.refresh_from_db()
    with pytest.raises(NothingToTrace, match=r"'Own archive'.*may_send_to_hosted"):
        start_tracing(study=cast.study, endpoint=teacher, by=cast.lena)


def test_refusals_are_named(cast: Cast, teacher: ModelEndpoint) -> None:
    with pytest.raises(NothingToTrace, match="No training question is ready"):
        start_tracing(study=cast.study, endpoint=teacher, by=cast.lena)
    for person in (cast.anna, cast.rosa, cast.nora):
        with pytest.raises(NotAllowed):
            start_tracing(study=cast.study, endpoint=teacher, by=person)
    ModelEndpoint.objects.filter(pk=teacher.pk).update(is_active=False)
    teacher.refresh_from_db()
    with pytest.raises(EndpointRefused):
        start_tracing(study=cast.study, endpoint=teacher, by=cast.lena)


def test_a_model_that_never_answers_fails_the_job_with_a_reason(
    cast: Cast, questions: list[Question]
) -> None:
    async def refuse(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return web.Response(status=400)

    with Stub(refuse) as stub:
        job = run_now(start_tracing(study=cast.study, endpoint=endpoint_of(stub), by=cast.lena))
    assert job.state == "failed"
    assert "no usable answer" in job.error
    assert not Trace.objects.exists()
