"""Takes annotations from Label Studio: each is checked, counts at most once, and keeps the row it came as.

A second pull finds everything stored; an annotation that was changed there becomes a new version. What
cannot count is refused by task and annotation with the reason, and nothing of it is stored.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from annotation.label_studio import mapper
from annotation.label_studio.connection import ConnectionRefused, connection_of, token_for
from annotation.label_studio.exchanged import EXCHANGED
from annotation.label_studio.mapper import AnnotationRefused, AnnotationRow
from annotation.label_studio.models import (
    LabelStudioProject,
    LabelStudioTask,
    LabelStudioUser,
    TakenAnnotation,
)
from annotation.label_studio.push import PULL, check_idle
from annotation.label_studio.server import LabelStudioServer
from consilium.audit.record import audited_transaction, record
from consilium.canonical_json import canonical_json, canonical_sha256
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.workqueue.elsewhere import take_in
from consilium.workqueue.models import Submission, WorkItem
from consilium.workqueue.retry import until_written

PLACE: Final = "label_studio"
MOST_TOLD: Final = 200  # refusals by name; all are counted
LARGEST_ROW: Final = 200_000  # bytes of one annotation
NUL: Final = b"\\u0000"
_KEYS: Final = uuid.UUID("5b0a2e5c-9d0e-4d39-9a0f-6a3c2f0a1b77")


class NothingToPull(ConnectionRefused):
    """Nothing of this study lies on the server."""


@dataclass(slots=True)
class Pulled:
    """What came of a pull. `waiting`: made by people whom no lead has named yet, per person."""

    taken: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    reasons: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, item: str, reason: str) -> None:
        """Count one that cannot become a submission, and say why."""
        self.refused += 1
        if len(self.reasons) < MOST_TOLD:
            self.reasons.append({"item": item, "reason": reason})

    def as_json(self) -> dict[str, Any]:
        """The figures, and the refusals by name as far as they are kept."""
        counts = {name: getattr(self, name) for name in ("taken", "changed", "unchanged", "skipped")}
        told = {"refused": self.reasons, "refused_count": self.refused}
        return {**counts, "waiting": sum(self.waiting.values()), "waiting_people": self.waiting, **told}


@transaction.atomic
def start_pull(*, study: Study, by: Person) -> Job:
    """Queue the job that takes what was annotated.

    Raises NotAllowed, ConnectionRefused, EndpointRefused, NothingToPull.
    """
    check_lead(by, study)
    kept = connection_of(study)
    token_for(kept)
    check_idle(study)
    if not _projects(study, kept.base_url).exists():
        raise NothingToPull("Nothing of this study lies on its server yet: push cases or traces first.")
    return enqueue(kind=PULL, by=by, study=study, params={})


def run_pull(handle: JobHandle) -> dict[str, Any]:
    """The job: every project of the study on its server, from the start; what is stored is passed over."""
    study, person = handle.job.study, handle.job.created_by
    assert study is not None
    assert person is not None
    kept, pulled = connection_of(study), Pulled()
    projects = list(_projects(study, kept.base_url))
    total = LabelStudioTask.objects.filter(project__in=projects, number__isnull=False).count()
    done = 0
    with LabelStudioServer(kept.base_url, token_for(kept), handle.check) as server:
        people = server.people()
        for project in projects:
            assert project.number is not None
            for raw in server.tasks(project.number, only_annotated=True):
                take_task(raw, study=study, by=person, pulled=pulled, people=people, fence=handle.fence)
                done += 1
                handle.progress(done, max(done, total), "Annotations are read")
            note_pulled(project, pulled, person)
    return pulled.as_json()


def take_export(rows: Iterable[Any], *, study: Study, by: Person) -> Pulled:
    """The same for the tasks of a JSON export, whichever of the study's projects they are of.

    Raises NotAllowed.
    """
    check_lead(by, study)
    pulled, projects = Pulled(), dict[int, LabelStudioProject]()
    for raw in rows:
        task = take_task(raw, study=study, by=by, pulled=pulled)
        if task is not None:
            projects[task.project_id] = task.project
    for project in projects.values():
        note_pulled(project, pulled, by)
    return pulled


def take_task(
    raw: Any,
    *,
    study: Study,
    by: Person,
    pulled: Pulled,
    people: Mapping[int, str] | None = None,
    fence: Callable[[], None] = lambda: None,
) -> LabelStudioTask | None:
    """Take the annotations of one task as the server or an export gives it; ours, if it is one of ours."""
    name = _name_of("task", raw)
    try:
        task = _task_of(raw, study)
    except AnnotationRefused as refusal:
        pulled.refuse(name, str(refusal))
        return None
    annotations = raw.get("annotations")
    if not isinstance(annotations, list):
        pulled.refuse(name, "It has no list of annotations; export the full JSON, not JSON-MIN or CSV.")
        return task
    for each in sorted(annotations, key=_order):
        try:
            _take(each, task, by, pulled, people or {}, fence)
        except Refused as refusal:
            pulled.refuse(f"{name}, {_name_of('annotation', each)}", str(refusal))
    return task


def note_pulled(project: LabelStudioProject, pulled: Pulled, by: Person) -> None:
    """Note when the project was read last, and by whom."""
    with transaction.atomic():
        LabelStudioProject.objects.filter(pk=project.pk).update(pulled_at=timezone.now())
        told = pulled.as_json()
        data = {name: told[name] for name in ("taken", "changed", "unchanged", "waiting", "refused_count")}
        record(action="label_studio.pulled", obj=project, by=by, study=project.study, data=data)


def _projects(study: Study, server: str) -> Any:
    there = LabelStudioProject.objects.filter(study=study, server=server, number__isnull=False)
    return there.select_related("study", "guideline").order_by("pk")


def _name_of(what: str, raw: Any) -> str:
    try:
        return f"{what} {mapper.number_in(raw)}"
    except AnnotationRefused:
        return f"{what} without a number"


def _order(raw: Any) -> int:
    try:
        return mapper.number_in(raw)
    except AnnotationRefused:
        return 0


def _task_of(raw: Any, study: Study) -> LabelStudioTask:
    """Our row of a task, when its data are what we sent. Raises AnnotationRefused."""
    data = raw.get("data") if isinstance(raw, Mapping) else None
    sent = LabelStudioTask.objects.filter(project__study=study, order_key=mapper.order_key_in(data))
    task = sent.select_related("project__study", "project__guideline").first()
    if task is None:
        raise AnnotationRefused("It is none that this study sent.")
    if mapper.data_sha256(data, EXCHANGED[task.project.kind].keys) != task.data_sha256:
        raise AnnotationRefused("Its texts, images or order were changed there after it was sent.")
    return task


def _take(
    raw: Any,
    task: LabelStudioTask,
    by: Person,
    pulled: Pulled,
    people: Mapping[int, str],
    fence: Callable[[], None],
) -> None:
    row = mapper.annotation_row(raw)
    user = _user(row, task.project, people)
    if row.was_skipped:
        pulled.skipped += 1
        return
    if user.person is None:
        pulled.waiting[str(user)] = pulled.waiting.get(str(user), 0) + 1
        return
    before = TakenAnnotation.objects.filter(task=task, number=row.number).order_by("-pk")
    newest = before.select_related("submission").first()
    if newest is not None and newest.result_sha256 == row.sha256:
        pulled.unchanged += 1
        return
    if newest is not None and newest.user_id != user.pk:
        raise AnnotationRefused("Another person's name stands on it now than when it was taken.")
    content = EXCHANGED[task.project.kind].content(task, row.result)
    _check_storable(raw)
    until_written(lambda: _store(raw, row, task, user, newest, content, by, fence))
    if newest is None:
        pulled.taken += 1
    else:
        pulled.changed += 1


def _check_storable(raw: Any) -> None:
    try:
        row = canonical_json(raw)
    except (ValueError, TypeError):
        row = NUL
    if NUL in row:  # which PostgreSQL stores nowhere
        raise AnnotationRefused("It is no JSON that can be stored.")
    if len(row) > LARGEST_ROW:
        raise AnnotationRefused(f"It is larger than {LARGEST_ROW:,} bytes.")


def _user(row: AnnotationRow, project: LabelStudioProject, people: Mapping[int, str]) -> LabelStudioUser:
    """Who made it, as far as the server tells."""
    number, email = row.annotator
    email = email or people.get(number, "")[:254]
    user, _ = LabelStudioUser.objects.select_related("person").get_or_create(
        study=project.study, server=project.server, number=number, defaults={"email": email}
    )
    if email and user.email != email:
        LabelStudioUser.objects.filter(pk=user.pk).update(email=email)
        user.email = email
    return user


def _store(
    raw: Any,
    row: AnnotationRow,
    task: LabelStudioTask,
    user: LabelStudioUser,
    newest: TakenAnnotation | None,
    content: dict[str, Any],
    by: Person,
    fence: Callable[[], None],
) -> Submission:
    """The submission and the row it was made from, in one transaction."""
    project, person = task.project, user.person
    assert person is not None
    kind = EXCHANGED[project.kind]
    item = WorkItem.objects.get(kind=project.kind, object_id=task.object_id)
    item.study = project.study
    version = newest.submission.version if newest else 0
    with audited_transaction():
        fence()
        submission = take_in(
            item=item,
            person=person,
            place=PLACE,
            content=content,
            shown=lambda item, person: kind.shown(task, item, person),
            key=uuid.uuid5(_KEYS, f"{task.pk}:{row.number}:{row.sha256}:{version}"),
            builds_on=newest.submission if newest else None,
            guideline=project.guideline,
            by=by,
        )
        TakenAnnotation.objects.create(
            task=task,
            number=row.number,
            user=user,
            raw=raw,
            raw_sha256=canonical_sha256(raw),
            result_sha256=row.sha256,
            submission=submission,
            taken_by=by,
        )
    return submission
