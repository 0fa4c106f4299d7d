"""What is where: projects, tasks, what was taken and refused, and when both sides last met."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from annotation.label_studio.models import (
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    TaskKind,
)
from annotation.label_studio.push import PULL, PUSH
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Study
from consilium.workqueue.models import WorkItem


@dataclass(frozen=True, slots=True)
class ExchangedRow:
    """One project; `there` are tasks that the server has, by file those that were written."""

    project: LabelStudioProject
    there: int
    taken: int
    url: str


@dataclass(frozen=True, slots=True)
class ReadyKind:
    """One kind of work: its value and label, and how much of it is open and not on the server."""

    value: str
    label: str
    ready: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows; `job` is the one that goes on or failed last."""

    rows: Sequence[ExchangedRow]
    kinds: Sequence[ReadyKind]
    job: Job | None
    pushed: dict[str, Any] | None
    pulled: dict[str, Any] | None
    pulled_at: datetime | None

    @property
    def waiting_people(self) -> dict[str, int]:
        """How many annotations of people without a name here waited at the last pull."""
        return dict(self.pulled.get("waiting_people", {})) if self.pulled else {}


def overview_of(study: Study, kept: LabelStudioConnection | None) -> Overview:
    """Read it for the page."""
    jobs = Job.objects.filter(study=study, kind__in=(PUSH, PULL)).order_by("-created_at")
    last = jobs.first()
    pulled = jobs.filter(kind=PULL, state=JobState.SUCCEEDED).first()
    pushed = last if last and last.kind == PUSH and last.state == JobState.SUCCEEDED else None
    server = kept.base_url if kept else ""
    return Overview(
        rows=_rows(study),
        kinds=[ReadyKind(kind.value, kind.label, _ready(study, kind, server)) for kind in TaskKind],
        job=last if last and last.state not in (JobState.SUCCEEDED, JobState.CANCELLED) else None,
        pushed=pushed.result if pushed else None,
        pulled=pulled.result if pulled else None,
        pulled_at=pulled.finished_at if pulled else None,
    )


def _rows(study: Study) -> list[ExchangedRow]:
    counted = LabelStudioProject.objects.filter(study=study).annotate(
        there=Count(
            "tasks",
            filter=Q(tasks__number__isnull=False) | Q(server="", tasks__sent_at__isnull=False),
            distinct=True,
        ),
        taken=Count("tasks__taken__submission", distinct=True),
    )
    return [
        ExchangedRow(
            project=project,
            there=project.there,
            taken=project.taken,
            url=f"{project.server}/projects/{project.number}/" if project.server and project.number else "",
        )
        for project in counted.select_related("study", "guideline").order_by("pk")
    ]


def _ready(study: Study, kind: TaskKind, server: str) -> int:
    sent = LabelStudioTask.objects.filter(project__study=study, project__kind=kind, project__server=server)
    there = sent.filter(number__isnull=False) if server else sent
    items = WorkItem.objects.with_free_slot().filter(study=study, kind=kind)
    return items.exclude(object_id__in=there.values("object_id")).count()
