"""Freezes from a page, in a job that the page shows."""

from typing import Any, Final

from django.db import transaction

from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release
from curation.releases.contents import FreezeRefused
from curation.releases.freeze import check_release_name
from curation.releases.registry import find

KIND: Final = "curation.freeze"


def start_freeze(
    *, study: Study, kind: str, name: str, by: Person, derived_from: Release | None = None
) -> Job:
    """Queue the freeze. Raises NotAllowed, FreezeRefused."""
    check_lead(by, study)
    check_release_name(study, kind, name, derived_from)
    params = {"kind": kind, "name": name, "derived_from": derived_from.pk if derived_from else None}
    if any(job.params == params for job in _on_the_way(study)):  # the button was pressed twice
        raise FreezeRefused(f"A {kind} release named {name!r} is being frozen already.")
    return enqueue(kind=KIND, by=by, study=study, params=params)


def run_freeze(handle: JobHandle) -> dict[str, Any]:
    """The job: the release and the note that this job made it appear together, or not at all."""
    job, params = handle.job, handle.params
    if job.result:  # made by an earlier try, whose worker died before it could say so
        return dict(job.result)
    study, person = job.study, job.created_by
    assert study is not None
    assert person is not None
    freezer = find(params["kind"])
    handle.progress(0, 1, "Rows are being read and hashed")
    earlier = Release.objects.filter(pk=params["derived_from"]).first()
    with transaction.atomic():
        handle.fence()  # the job before the chain of the study, in which order everybody locks them
        release = freezer.freeze(study=study, name=params["name"], by=person, derived_from=earlier)
        result = {"release": release.pk, "digest": release.digest, "rows": release.row_count}
        Job.objects.filter(pk=job.pk).update(result=result)
    return result


def freeze_jobs(study: Study) -> list[Job]:
    """The jobs that are on their way, or the newest where it failed."""
    newest = Job.objects.filter(study=study, kind=KIND).order_by("-created_at")[:1]
    return _on_the_way(study) or [job for job in newest if job.state == JobState.FAILED]


def _on_the_way(study: Study) -> list[Job]:
    jobs = Job.objects.filter(study=study, kind=KIND).exclude(state__in=Job.STATES.terminal)
    return list(jobs.order_by("-created_at"))
