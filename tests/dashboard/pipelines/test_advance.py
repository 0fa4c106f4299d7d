"""When steps start, how a pipeline fails, is cancelled and goes on; runs and answers are made up."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.models import Evaluation
from benchmark.pause import give_up_evaluation, pause_evaluation, resume_evaluation
from consilium.audit.models import AuditEvent
from consilium.inference.models import ModelEndpoint
from consilium.jobs import reaper
from consilium.jobs.cancel import cancel
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Membership
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.releases.freeze import withdraw_release
from dashboard.models import Pipeline, PipelineStep
from dashboard.pipelines import advance as advancing
from dashboard.pipelines.advance import PipelineRefused, advance, pipeline_steps
from dashboard.pipelines.control import cancel_pipeline, resume_pipeline
from dashboard.pipelines.progress import next_words, shown_steps, told_pipeline
from dashboard.pipelines.start_step import start_step
from tests.dashboard.pipelines import race
from tests.factories import benchmark as scoring
from tests.factories import pipelines as making
from tests.factories import training
from tests.factories.cast import Cast
from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import new_database
from training.models import Run

SHAPE = ["dsa", "dsa", "gba", "merge", "", ""]


def stages(steps: list[PipelineStep]) -> list[str]:
    return [step.stage for step in steps]


def fresh(pipeline: Pipeline) -> Pipeline:
    return Pipeline.objects.get(pk=pipeline.pk)


def test_a_step_starts_when_those_it_needs_are_done(cast: Cast) -> None:
    pipeline = making.started(cast)
    assert stages(list(pipeline_steps(pipeline))) == SHAPE
    base_scored, experts = making.at_work(pipeline)[2], making.at_work(pipeline)[:2]
    assert stages(experts) == ["dsa", "dsa"]
    assert base_scored.evaluation is not None
    assert base_scored.evaluation.endpoint == pipeline.base
    making.end(experts[0])
    advance(pipeline)
    assert not Run.objects.filter(stage="gba").exists()
    making.end(experts[1])
    reaper.tick()
    gba = Run.objects.get(stage="gba")
    assert set(gba.inputs.all()) == {one.run for one in experts}
    making.go_through(pipeline)
    pipeline = fresh(pipeline)
    assert (pipeline.state, pipeline.error) == ("completed", "")
    assert pipeline.finished_at is not None
    merge = Run.objects.get(stage="merge")
    assert merge.inputs.count() == 3
    scored = Evaluation.objects.exclude(endpoint=pipeline.base).get()
    assert scored.endpoint == merge.produced.endpoint
    actions = AuditEvent.objects.filter(object_type="site.pipeline").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == ["pipeline.started", "pipeline.completed"]


def test_looking_again_starts_nothing_twice(cast: Cast) -> None:
    pipeline = making.started(cast)
    jobs = set(Job.objects.values_list("pk", flat=True))
    for _ in range(3):
        advance(pipeline)
        reaper.tick()
    assert set(Job.objects.filter(study=cast.study).values_list("pk", flat=True)) == jobs


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.soak])]
)
def test_many_that_look_at_once_start_each_step_once(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, put_database: Put
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    url = new_database(server, is_migrated=True) if server else ""
    assert raced(race.__name__, put_database(tmp_path), database=url) == {
        "failures": [],
        "state": "completed",
        "launched": {"dsa": 2, "gba": 1, "merge": 1, "scored": 2},
    }


def test_a_look_that_dies_in_the_middle_leaves_nothing_half_started(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = making.started(cast)
    for step in making.at_work(pipeline):
        making.end(step)

    def dies(*args: Any) -> None:
        start(*args)
        raise KeyboardInterrupt

    start = start_step
    monkeypatch.setattr(advancing, "start_step", dies)
    with pytest.raises(KeyboardInterrupt):
        advance(pipeline)
    assert not Run.objects.filter(stage="gba").exists()
    assert not making.at_work(pipeline)
    monkeypatch.undo()
    advance(pipeline)
    assert stages(making.at_work(pipeline)) == ["gba"]


def test_one_that_cannot_be_looked_at_does_not_keep_the_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = making.started(cast)
    shared = {"release": first.release, "questions": first.questions, "base": first.base}
    second = making.started(cast, seeds=[8], **shared)
    for pipeline in (first, second):
        for step in making.at_work(pipeline):
            making.end(step)
    start = start_step

    def broken(pipeline: Pipeline, step: PipelineStep) -> None:
        if pipeline.pk == first.pk:
            raise RuntimeError("a bug")
        start(pipeline, step)

    monkeypatch.setattr(advancing, "start_step", broken)
    advancing.sweep()
    assert fresh(first).state == "running"
    assert stages(making.at_work(second)) == ["gba"]


def test_a_failed_step_fails_the_pipeline_and_resume_goes_on_there(cast: Cast) -> None:
    pipeline = making.started(cast)
    first, second, base_scored = making.at_work(pipeline)
    making.end(first)
    making.end(base_scored)
    making.end(second, JobState.FAILED, "The disk is full.")
    advance(pipeline)
    assert pipeline.state == "failed"
    assert pipeline.error == "Expert pediatrics failed. The disk is full."
    advancing.sweep()
    assert not making.at_work(pipeline)
    failed_job = second.run.job if second.run else None
    resume_pipeline(pipeline=pipeline, by=cast.max)
    pipeline = fresh(pipeline)
    assert (pipeline.state, pipeline.error, pipeline.actor, pipeline.finished_at) == (
        "running",
        "",
        cast.max,
        None,
    )
    (again,) = making.at_work(pipeline)
    assert again.run == second.run
    assert again.job != failed_job
    making.go_through(pipeline)
    assert fresh(pipeline).state == "completed"
    assert Run.objects.count() == 4
    assert Run.objects.get(stage="gba").created_by == cast.max


def test_an_evaluation_that_failed_is_made_anew(cast: Cast) -> None:
    pipeline = making.started(cast)
    *_, base_scored = making.at_work(pipeline)
    making.end(base_scored, JobState.FAILED, "2 of 8 calls got no answer.")
    advance(pipeline)
    assert "Scoring Base failed. 2 of 8" in fresh(pipeline).error
    resume_pipeline(pipeline=pipeline, by=cast.lena)
    newest = Evaluation.objects.order_by("-pk")[0]
    assert newest != base_scored.evaluation
    assert making.at_work(pipeline)[-1].evaluation == newest


def test_cancelling_stops_what_is_at_work_and_can_be_resumed(cast: Cast) -> None:
    pipeline = making.started(cast)
    first, second, base_scored = making.at_work(pipeline)
    making.end(first)
    assert second.run is not None
    Job.objects.filter(run=second.run).update(
        state=JobState.RUNNING,
        claim_token="6f2b0c1e-3f7e-4d0a-9d9b-0d2b6d1c7a11",
        lease_until="2126-01-01T00:00Z",
        started_at="2026-01-01T00:00Z",
    )
    cancel_pipeline(pipeline=pipeline, by=cast.max)
    assert fresh(pipeline).state == "cancelled"
    states = {step.position: step.state for step in pipeline_steps(pipeline)}
    assert [states[step.position] for step in (first, second, base_scored)] == [
        JobState.SUCCEEDED,
        JobState.RUNNING,
        JobState.CANCELLED,
    ]
    with pytest.raises(PipelineRefused, match="Expert pediatrics is still stopping"):
        resume_pipeline(pipeline=pipeline, by=cast.lena)
    with pytest.raises(PipelineRefused, match="nothing to stop"):
        cancel_pipeline(pipeline=pipeline, by=cast.lena)
    Job.objects.filter(run=second.run).update(state=JobState.CANCELLED)
    resume_pipeline(pipeline=pipeline, by=cast.lena)
    making.go_through(pipeline)
    assert fresh(pipeline).state == "completed"
    assert Run.objects.count() == 4
    with pytest.raises(PipelineRefused, match="is completed; only one that failed"):
        resume_pipeline(pipeline=pipeline, by=cast.lena)


def test_a_step_that_somebody_stopped_by_itself_ends_the_pipeline_in_words(cast: Cast) -> None:
    pipeline = making.started(cast)
    job = making.at_work(pipeline)[0].job
    assert job is not None
    cancel(job=job, by=cast.max)
    advance(pipeline)
    assert (pipeline.state, pipeline.error) == ("failed", "Expert adult medicine was stopped.")


def paused(cast: Cast, pipeline: Pipeline) -> Evaluation:
    """The evaluation of the base, which somebody has paused."""
    *_, base_scored = making.at_work(pipeline)
    assert base_scored.evaluation is not None
    made = pause_evaluation(evaluation=base_scored.evaluation, by=cast.max)
    assert made.is_paused
    return made


def test_a_pipeline_waits_for_an_evaluation_that_is_paused(cast: Cast) -> None:
    pipeline = making.started(cast)
    held = paused(cast, pipeline)
    assert next_words(pipeline, shown_steps(pipeline)) == (
        "Scoring Base is paused and waited for until somebody resumes it on its page. Meanwhile Expert adult"
        " medicine, Expert pediatrics."
    )
    making.go_through(pipeline)
    assert (pipeline.state, pipeline.error) == ("running", "")
    told = told_pipeline(pipeline)
    assert [step["state"] for step in told["steps"]] == ["succeeded"] * 4 + ["paused", "succeeded"]
    assert told["next"] == "Scoring Base is paused and waited for until somebody resumes it on its page."
    resume_evaluation(evaluation=held, by=cast.max)
    making.go_through(pipeline)
    assert (pipeline.state, Evaluation.objects.count()) == ("completed", 2)


def test_giving_up_what_was_paused_ends_the_pipeline(cast: Cast) -> None:
    pipeline = making.started(cast)
    give_up_evaluation(evaluation=paused(cast, pipeline), by=cast.max)
    advance(pipeline)
    assert (pipeline.state, pipeline.error) == ("failed", "Scoring Base was stopped.")


def test_resuming_a_pipeline_has_what_is_paused_in_it_go_on(cast: Cast) -> None:
    pipeline = making.started(cast)
    held = paused(cast, pipeline)
    cancel_pipeline(pipeline=pipeline, by=cast.lena)
    resume_pipeline(pipeline=fresh(pipeline), by=cast.lena)
    assert held in [step.evaluation for step in making.at_work(pipeline)]
    assert Evaluation.objects.count() == 1
    making.go_through(fresh(pipeline))
    assert fresh(pipeline).state == "completed"


def test_steps_start_only_while_whoever_answers_for_them_leads_the_study(cast: Cast) -> None:
    pipeline = making.started(cast)
    for step in making.at_work(pipeline):
        making.end(step)
    Membership.objects.filter(study=cast.study, person=cast.lena).update(is_active=False)
    advance(pipeline)
    assert pipeline.state == "failed"
    assert "Lena no longer leads this study, so GBA was not started" in pipeline.error
    assert not Run.objects.filter(stage="gba").exists()
    resume_pipeline(pipeline=pipeline, by=cast.max)
    assert stages(making.at_work(pipeline)) == ["gba"]


def test_only_leads_of_the_study_start_cancel_and_resume(cast: Cast) -> None:
    pipeline = making.started(cast)
    shared = {"release": pipeline.release, "questions": pipeline.questions, "base": pipeline.base}
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            making.started(cast, by=person, **shared)
        with pytest.raises(NotAllowed):
            cancel_pipeline(pipeline=pipeline, by=person)
        with pytest.raises(NotAllowed):
            resume_pipeline(pipeline=pipeline, by=person)
    assert Pipeline.objects.count() == 1


def test_a_release_that_was_withdrawn_meanwhile_stops_it_before_the_step(cast: Cast) -> None:
    pipeline = making.started(cast)
    for step in making.at_work(pipeline):
        making.end(step)
    withdraw_release(release=pipeline.release, reason="A patient objected.", by=cast.lena)
    advance(pipeline)
    assert pipeline.state == "failed"
    assert "GBA could not be started" in pipeline.error
    assert "only frozen releases train models" in pipeline.error
    with pytest.raises(PipelineRefused, match="only frozen releases train models"):
        resume_pipeline(pipeline=pipeline, by=cast.max)
    assert (fresh(pipeline).state, fresh(pipeline).actor) == ("failed", cast.lena)


def test_a_base_that_learned_from_the_questions_starts_nothing(cast: Cast) -> None:
    questions = scoring.questions(cast)
    base = training.base_endpoint(provenance={"releases": [questions.digest]})
    with pytest.raises(PipelineRefused, match=r"Scoring Base could not be started\. .* was trained on this"):
        making.started(cast, questions=questions, base=base)
    assert not Pipeline.objects.exists()
    assert not Run.objects.exists()


def test_answers_that_are_there_already_are_taken_and_those_on_their_way_waited_for(cast: Cast) -> None:
    questions, base = scoring.questions(cast), training.base_endpoint()
    (own,) = scoring.launched(cast, questions, base)
    pipeline = making.started(cast, questions=questions, base=base)
    assert stages(making.at_work(pipeline)) == ["dsa", "dsa"]
    Job.objects.filter(pk=own.job_id).update(state=JobState.SUCCEEDED)
    advance(pipeline)
    scored = PipelineStep.objects.get(pipeline=pipeline, recipe="base")
    assert scored.evaluation == own
    assert Evaluation.objects.count() == 1


def test_what_does_not_fit_is_refused_before_anything_is_stored(cast: Cast) -> None:
    release, questions, base = (
        training.trace_release(cast.study, cast.lena),
        scoring.questions(cast),
        training.base_endpoint(),
    )
    foreign = training.trace_release(cast.other_study, cast.nora)
    dev = scoring.questions(cast, name="Dev", seed=13, split="dev")
    votes = scoring.preferences(cast)
    remote = ModelEndpoint.objects.create(name="far", base_url="http://127.0.0.1:9/v1", family="x")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"release": foreign}, "Choose a trace release of this study"),
        ({"release": questions}, "Choose a trace release of this study"),
        ({"questions": release}, "is scored on a"),
        ({"questions": dev}, "holds dev questions"),
        ({"dev_questions": questions}, "questions that are not for dev"),
        ({"base": remote}, "remote endpoint"),
        ({"preset": "none"}, "There is no preset 'none'; there are default, smoke, paper"),
        ({"settings": {"dsa": {"epochs": 0}}}, "dsa.settings.epochs: must be positive"),
        ({"settings": {"sft": {}}}, "'sft' is no stage"),
        ({"settings": {"merge": {"method": "candidates"}}}, "choose a release of them"),
        ({"seeds": [-1]}, "The seed must lie between"),
        ({"seeds": []}, "Name 1 to 20 seeds"),
        ({"seeds": [1, 2]}, "takes one seed"),
        ({"seeds": [1, 1], "kind": "comparison"}, "Name each seed once"),
        ({"preferences": votes}, "Only a comparison trains judges"),
        ({"preferences": release, "kind": "comparison"}, "Choose a preference release"),
        ({"gpus": "left"}, "There is no set of GPUs named 'left'"),
    ]
    given = {"release": release, "questions": questions, "base": base}
    for changes, said in wrong:
        with pytest.raises(Refused) as caught:
            making.started(cast, **given | changes)
        assert said in str(caught.value), changes
    assert not Pipeline.objects.exists()
    assert not Job.objects.filter(kind="training.run").exists()
