"""How a pipeline stands: its steps with their state, how far each is, what it waits for, and what is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from benchmark.models import ON_PAUSE
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.ui.durations import about
from dashboard.models import WAITING, Pipeline, PipelineStep
from dashboard.pipelines.advance import ENDED, pipeline_steps
from dashboard.pipelines.report import recipe_report, report_json
from dashboard.pipelines.states import PipelineState
from dashboard.pipelines.words import short_name, step_name
from training.pace import pace_of

NAMED = 3  # of the steps that another waits for


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step as people see it: `told` is how far it is, `url` its run or evaluation."""

    step: PipelineStep
    name: str
    state: str
    told: str
    waits_for: str
    url: str

    @property
    def job(self) -> Job | None:
        """The job behind it."""
        return self.step.job


def shown_steps(pipeline: Pipeline) -> list[ShownStep]:
    """All steps in order."""
    steps = list(pipeline_steps(pipeline))
    names = {step.pk: step_name(step) for step in steps}
    done = {step.pk for step in steps if step.is_done}
    return [
        ShownStep(
            step=step,
            name=names[step.pk],
            state=step.state,
            told=_told(step),
            waits_for=_joined([names[one.pk] for one in step.needs.all() if one.pk not in done])
            if step.job is None
            else "",
            url=_url(pipeline, step),
        )
        for step in steps
    ]


@dataclass(frozen=True, slots=True)
class StepRow:
    """The same step under each seed, in the order of the seeds; one alone where the seed changes nothing."""

    name: str
    steps: list[ShownStep]


def by_seed(shown: Sequence[ShownStep]) -> list[StepRow]:
    """A row for each thing that is made or scored."""
    rows: dict[str, list[ShownStep]] = {}
    for one in shown:
        rows.setdefault(short_name(one.step), []).append(one)
    return [StepRow(name, steps) for name, steps in rows.items()]


def next_words(pipeline: Pipeline, shown: Sequence[ShownStep]) -> str:
    """What happens next, in one sentence."""
    if pipeline.state == PipelineState.COMPLETED:
        return "Every step has succeeded."
    if pipeline.state != PipelineState.RUNNING:
        again = [one.name for one in shown if one.state in (*ENDED, ON_PAUSE, WAITING)]
        return (
            f"Resume goes on with {_joined(again[:1])}; the {_done(shown)} completed steps are not repeated."
        )
    at_work = [one.name for one in shown if one.job is not None and not one.job.is_over]
    to_come = [one.name for one in shown if one.job is None]
    paused = [one.name for one in shown if one.state == ON_PAUSE]
    if paused:
        verb = "is" if len(paused) == 1 else "are"
        beside = f" Meanwhile {_joined(at_work)}." if at_work else ""
        return (
            f"{_joined(paused)} {verb} paused and waited for until somebody resumes it on its page.{beside}"
        )
    if at_work:
        now = f"Now {_joined(at_work)}"
        return f"{now}; then {to_come[0]}." if to_come else f"{now}, the last."
    return f"{to_come[0]}, as soon as a worker looks." if to_come else "The end, as soon as a worker looks."


def counted(shown: Sequence[ShownStep]) -> tuple[int, int]:
    """How many steps are done, and of how many."""
    return _done(shown), len(shown)


def told_pipeline(pipeline: Pipeline) -> dict[str, Any]:
    """The state as a command prints it, and what was found so far."""
    shown = shown_steps(pipeline)
    told: dict[str, Any] = {
        "pipeline": pipeline.pk,
        "kind": pipeline.kind,
        "state": pipeline.state,
        "next": next_words(pipeline, shown),
        "steps": [
            {
                "step": one.name,
                "state": one.state,
                "run": one.step.run_id,
                "evaluation": one.step.evaluation_id,
            }
            for one in shown
        ],
    }
    if pipeline.error:
        told["error"] = pipeline.error
    report = recipe_report(pipeline)
    return told | ({"report": report_json(report)} if report else {})


def _done(shown: Sequence[ShownStep]) -> int:
    return sum(one.state == JobState.SUCCEEDED for one in shown)


def _told(step: PipelineStep) -> str:
    """ "50 of 80, about 1 min" while it is at work; afterwards how much it was."""
    job = step.job
    if job is None:
        return ""
    if job.postponed_because:
        return job.postponed_because
    if not job.progress_total:
        return "" if job.is_over else job.waiting_note
    told = f"{job.progress_done} of {job.progress_total}"
    if step.run is None or job.state != JobState.RUNNING:
        return told
    pace = pace_of(step.run, step.run.attempts.order_by("-number").first())
    return f"{told}, {about(pace.seconds_left)}" if pace is not None and pace.seconds_left else told


def _joined(names: Sequence[str]) -> str:
    """The first few names and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _url(pipeline: Pipeline, step: PipelineStep) -> str:
    slug = pipeline.study.slug
    if step.run_id:
        return reverse("training:run", args=[slug, step.run_id])
    return reverse("benchmark:evaluation", args=[slug, step.evaluation_id]) if step.evaluation_id else ""
