"""Checks a release against its hashes in the background, and keeps what was found."""

from typing import Any, Final

from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from curation.models import Release
from curation.releases.verify import verify

KIND: Final = "curation.verify"


def start_verify(*, release: Release, by: Person) -> Job:
    """Queue the check, or give the one that is on its way. Raises NotAllowed."""
    check_lead(by, release.study)
    newest = newest_check(release)
    if newest is not None and not newest.is_over:
        return newest
    return enqueue(kind=KIND, by=by, study=release.study, params={"release": release.pk})


def run_verify(handle: JobHandle) -> dict[str, Any]:
    """The job."""
    release = Release.objects.select_related("study").get(pk=handle.params["release"])
    total = release.row_count

    def tell(done: int) -> None:
        handle.progress(min(done, total), total, "Rows and files are being hashed")

    return {"problems": verify(release, tell)}


def newest_check(release: Release) -> Job | None:
    """The last check of the release that a page asked for."""
    asked = Job.objects.filter(study=release.study_id, kind=KIND, params={"release": release.pk})
    return asked.order_by("-created_at").first()
