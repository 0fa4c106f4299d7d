"""The queue of the GPUs as a lead sees it: what runs, what waits, and for what. Each worker runs one job."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from consilium.gpu_sets import ANY_GPU
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Study
from training.models import Run

SHOWN: Final = 50
OPEN: Final = (JobState.RUNNING, JobState.QUEUED)


@dataclass(frozen=True, slots=True)
class QueuedWork:
    """One job of the queue; `run` is None for other work, and for other studies, which are not named."""

    name: str
    state: str
    run: Run | None
    waits_for: str


def gpu_queue(study: Study) -> list[QueuedWork]:
    """What runs, then what waits in the order of its turn; at most fifty."""
    waiting = Job.objects.filter(queue__startswith=ANY_GPU, state__in=OPEN)
    jobs = list(waiting.order_by("-state", "created_at", "pk")[:SHOWN])
    runs = {run.job_id: run for run in Run.objects.filter(study=study, job__in=jobs)}
    unfinished = _unfinished_inputs(list(runs.values()))
    ahead = Counter[str]()
    lines = []
    for job in jobs:
        run = runs.get(job.pk)
        name = str(run) if run else job.label if job.study_id == study.pk else "Work of another study"
        inputs = unfinished.get(job.pk, [])
        lines.append(QueuedWork(name, job.state, run, _waits_for(job, inputs, ahead[job.queue], study)))
        ahead[job.queue] += not inputs  # what waits for its inputs lets others pass
    return lines


def _unfinished_inputs(runs: list[Run]) -> dict[object, list[str]]:
    """Job to the names of the runs that its own run builds on and that are not over."""
    found: dict[object, list[str]] = defaultdict(list)
    links = Run.inputs.through.objects.filter(from_run__in=runs, to_run__job__state__in=OPEN)
    for link in links.select_related("from_run", "to_run").order_by("to_run_id"):
        found[link.from_run.job_id].append(str(link.to_run))
    return found


def _waits_for(job: Job, inputs: list[str], ahead: int, study: Study) -> str:
    if job.state == JobState.RUNNING:
        return ""
    if inputs:
        return ", ".join(inputs)
    if job.postponed_because and job.study_id == study.pk:
        return job.postponed_because
    chosen = job.queue.removeprefix(ANY_GPU).removeprefix("-")
    worker = f"the worker of GPU set {chosen}" if chosen else "a free worker"
    return f"{worker}, after {ahead} other{'' if ahead == 1 else 's'}" if ahead else worker
