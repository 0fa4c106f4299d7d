"""Sends open cases or traces to a Label Studio server as tasks, in parts, each of them at most once.

Importing there is not repeat-safe. A task is marked as sent before it leaves and numbered when the answer
comes; one that is marked and has no number (killed, connection cut) is looked for there before anything else.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotation.label_studio.connection import ConnectionRefused, connection_of, token_for
from annotation.label_studio.exchanged import EXCHANGED, ExchangedKind
from annotation.label_studio.mapper import data_sha256, order_key_in
from annotation.label_studio.models import LabelStudioProject, LabelStudioTask
from annotation.label_studio.server import LabelStudioServer
from consilium.audit.record import audited_transaction, chain_of, lock_chain, record
from consilium.blobs.store import BlobDamaged
from consilium.canonical_json import canonical_sha256
from consilium.inference.addresses import is_this_machine
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.workqueue.models import WorkItem
from curation.images.access import NotShowable, model_image_blobs_of
from curation.models import Question
from curation.permissions import SourceRefused, check_sources

PUSH: Final = "annotation.push_tasks"
PULL: Final = "annotation.pull_annotations"
PART: Final = 500  # rows made at once
SENT_AT_ONCE: Final = 20
LARGEST_REQUEST: Final = 8 << 20  # characters of task data in one request
RULE: Final = "may_send_to_hosted"
NOT_PERMITTED: Final = "the source does not permit being sent to hosted models"
NOT_RELEASED: Final = "an image waits for its pixel review or is damaged"


class NothingToPush(Refused):
    """No open case or trace is left that the server lacks; the text says why others were left out."""


@transaction.atomic
def start_push(*, study: Study, kind: str, by: Person) -> Job:
    """Queue the job that sends what is open and not there yet.

    Raises NotAllowed, ConnectionRefused, EndpointRefused, NothingToPush.
    """
    check_lead(by, study)
    kept = connection_of(study)
    token_for(kept)
    check_idle(study)
    project = project_for(study, kind, kept.base_url)
    if not unsent(project).exists():
        reserved, left_out = reserve_tasks(project, by)
        if not reserved:
            raise NothingToPush(_why_nothing(project, left_out))
    return enqueue(kind=PUSH, by=by, study=study, params={"project": project.pk})


def run_push(handle: JobHandle) -> dict[str, Any]:
    """The job: go on where the rows say it stopped."""
    projects = LabelStudioProject.objects.select_related("study", "guideline")
    project = projects.get(pk=handle.params["project"])
    person = handle.job.created_by
    assert person is not None
    kept = connection_of(project.study)
    if kept.base_url != project.server:
        raise ConnectionRefused("The study has another server now; push again, to that one.")
    left_out: Counter[str] = Counter()
    while True:
        reserved, left_out = reserve_tasks(project, person)
        if not reserved:
            break
        handle.check()
    with LabelStudioServer(kept.base_url, token_for(kept), handle.check) as server:
        _find_or_create(server, project, person)
        _look_for_lost(server, project, handle)
        pushed = _send_all(server, project, handle, person, left_out)
    LabelStudioProject.objects.filter(pk=project.pk).update(pushed_at=timezone.now())
    there = project.tasks.filter(number__isnull=False).count()
    return {"kind": project.kind, "pushed": pushed, "there": there, "left_out": dict(left_out)}


def check_idle(study: Study) -> None:
    """Raise ConnectionRefused while a job of the exchange waits or runs: two would meet halfway."""
    lock_chain(chain_of(study))  # two leads at once: the second sees the first one's job
    busy = Job.objects.filter(study=study, kind__in=(PUSH, PULL))
    if busy.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).exists():
        raise ConnectionRefused("An exchange with Label Studio is going on; wait for it or stop it first.")


def project_for(study: Study, kind: str, server: str) -> LabelStudioProject:
    """The project that new tasks go to: of today's screen and guideline; another one when these changed."""
    if kind not in EXCHANGED:
        raise Refused(f"Choose one of {', '.join(EXCHANGED)}.")
    config = canonical_sha256(EXCHANGED[kind].config())
    known = LabelStudioProject.objects.filter(study=study, kind=kind, server=server, config_sha256=config)
    found = known.filter(guideline=study.guideline_id).first()
    return found or LabelStudioProject.objects.create(
        study=study,
        kind=kind,
        server=server,
        mark=secrets.token_hex(4),
        config_sha256=config,
        guideline=study.guideline,
    )


def reserve_tasks(project: LabelStudioProject, by: Person) -> tuple[int, Counter[str]]:
    """Decide what the readers of up to PART open objects will see; how many, and why others were left out."""
    kind, left_out = EXCHANGED[project.kind], Counter[str]()
    objects = list(islice(_waiting(project, kind, left_out), PART))
    if not objects:
        return 0, left_out
    with audited_transaction():
        decided = kind.decided(project.study, objects)
        LabelStudioTask.objects.bulk_create(
            LabelStudioTask(
                project=project, object_id=each, order_key=secrets.token_hex(16), shown=decided[each]
            )
            for each in objects
        )
        data = {"kind": project.kind, "tasks": len(objects)}
        record(action="label_studio.reserved", obj=project, by=by, study=project.study, data=data)
    return len(objects), left_out


def unsent(project: LabelStudioProject) -> "QuerySet[LabelStudioTask]":
    """Tasks that the server does not have for certain."""
    return project.tasks.filter(number=None)


def leaving(
    tasks: Iterable[LabelStudioTask], project: LabelStudioProject, left_out: Counter[str]
) -> "Iterator[tuple[LabelStudioTask, dict[str, Any]]]":
    """The tasks with their data; those that may not leave now are counted by reason."""
    kind, allowed = EXCHANGED[project.kind], dict[str, bool]()
    for task in tasks:
        (question,) = kind.questions([task.object_id]).values()
        source = Question.objects.values_list("source__name", flat=True).get(pk=question)
        if not _may_leave(project.study, source, project.server, allowed):
            left_out[NOT_PERMITTED] += 1
            continue
        try:
            yield task, kind.data(task)
        except (NotShowable, BlobDamaged):
            left_out[NOT_RELEASED] += 1


def _waiting(project: LabelStudioProject, kind: ExchangedKind, left_out: Counter[str]) -> Iterator[int]:
    """Objects of open work with a free slot that the server lacks and may get, in the order of the queue."""
    study, server = project.study, project.server
    items = WorkItem.objects.with_free_slot().filter(study=study, kind=kind.kind).in_queue_order()
    there = LabelStudioTask.objects.filter(project__study=study, project__kind=kind.kind)
    known = set(there.filter(project__server=server).values_list("object_id", flat=True))
    objects = iter([pk for pk in items.values_list("object_id", flat=True) if pk not in known])
    allowed: dict[str, bool] = {}
    while part := list(islice(objects, PART)):
        questions = kind.questions(part)
        blobs = model_image_blobs_of(set(questions.values()))
        sources = dict(
            Question.objects.filter(pk__in=set(questions.values())).values_list("pk", "source__name")
        )
        for each in part:
            question = questions[each]
            if not _may_leave(study, sources[question], server, allowed):
                left_out[NOT_PERMITTED] += 1
            elif blobs[question] is None:
                left_out[NOT_RELEASED] += 1
            else:
                yield each


def _may_leave(study: Study, source: str, server: str, known: dict[str, bool]) -> bool:
    """Whether a source permits that it goes to another machine; a file may go to any."""
    if server and is_this_machine(server):
        return True
    if source not in known:
        try:
            check_sources(study, [source], RULE)
            known[source] = True
        except SourceRefused:
            known[source] = False
    return known[source]


def _why_nothing(project: LabelStudioProject, left_out: Counter[str]) -> str:
    if not left_out:
        return "Everything that is open and has a free place lies there already: nothing was sent."
    (reason, number), *_ = left_out.most_common()
    return f"Nothing was sent: of {number} waiting, {reason}."


def _find_or_create(server: LabelStudioServer, project: LabelStudioProject, by: Person) -> None:
    """Its number there; a project of its title was made by an earlier try."""
    if project.number is not None:
        return
    kind, guideline = EXCHANGED[project.kind], project.guideline
    number = server.find_project(project.title) or server.create_project(
        title=project.title,
        config=kind.config(),
        readers=kind.readers(project.study),
        instruction=escape(guideline.text).replace("\n", "<br>") if guideline else "",
    )
    with transaction.atomic():
        LabelStudioProject.objects.filter(pk=project.pk).update(number=number)
        data = {"kind": project.kind, "number": number}
        record(action="label_studio.project", obj=project, by=by, study=project.study, data=data)
    project.number = number


def _look_for_lost(server: LabelStudioServer, project: LabelStudioProject, handle: JobHandle) -> None:
    """Number the tasks that were sent by a try that never heard the answer."""
    lost = {task.order_key: task for task in unsent(project).exclude(sent_at=None)}
    if not lost:
        return
    handle.progress(0, 0, "Looking for what an interrupted push left there")
    assert project.number is not None
    for raw in server.tasks(project.number, only_annotated=False):
        task = lost.pop(order_key_in(raw.get("data")), None)
        if task is not None:
            unsent(project).filter(pk=task.pk).update(number=int(raw["id"]))
    project.tasks.filter(pk__in=[task.pk for task in lost.values()]).update(sent_at=None)


def _send_all(
    server: LabelStudioServer,
    project: LabelStudioProject,
    handle: JobHandle,
    by: Person,
    left_out: Counter[str],
) -> int:
    waiting = unsent(project).filter(object_id__in=open_objects(project)).order_by("pk")
    done, total = 0, waiting.count()
    handle.progress(0, total, "Tasks are sent")
    for part in _parts(leaving(waiting.iterator(SENT_AT_ONCE), project, left_out)):
        _send(server, project, handle, part, by)
        done += len(part)
        handle.progress(done, total, "Tasks are sent")
    return done


def open_objects(project: LabelStudioProject) -> "QuerySet[Any]":
    """Keys of the cases or traces that still want somebody."""
    items = WorkItem.objects.with_free_slot().filter(study=project.study, kind=project.kind)
    return items.values("object_id")


Part = list[tuple[LabelStudioTask, dict[str, Any]]]


def _parts(ready: Iterable[tuple[LabelStudioTask, dict[str, Any]]]) -> Iterator[Part]:
    """Few enough and small enough for one request."""
    part, size = Part(), 0
    for task, data in ready:
        length = sum(len(str(value)) for value in data.values())
        if part and (len(part) == SENT_AT_ONCE or size + length > LARGEST_REQUEST):
            yield part
            part, size = Part(), 0
        part.append((task, data))
        size += length
    if part:
        yield part


def _send(
    server: LabelStudioServer, project: LabelStudioProject, handle: JobHandle, part: Part, by: Person
) -> None:
    """Mark, send, number: killed in between, the next try looks before it sends."""
    assert project.number is not None
    with transaction.atomic():
        handle.fence()
        note_sent(part, EXCHANGED[project.kind])
    numbers = server.import_tasks(project.number, [data for _, data in part])
    with audited_transaction():
        handle.fence()
        for (task, _), number in zip(part, numbers, strict=True):
            LabelStudioTask.objects.filter(pk=task.pk).update(number=number)
        data = {"project": project.number, "tasks": len(part)}
        record(action="label_studio.sent", obj=project, by=by, study=project.study, data=data)


def note_sent(part: Sequence[tuple[LabelStudioTask, dict[str, Any]]], kind: ExchangedKind) -> None:
    """Keep what exactly leaves, so that a task that was changed there is known again."""
    now = timezone.now()
    for task, data in part:
        task.data_sha256, task.sent_at = data_sha256(data, kind.keys), now
    LabelStudioTask.objects.bulk_update([task for task, _ in part], ["data_sha256", "sent_at"])
