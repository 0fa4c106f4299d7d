"""Who may see and cancel a job: members of its study see, leads cancel; system jobs belong to operators."""

from django.http import Http404

from consilium.jobs.models import Job
from consilium.people.access import check_member
from consilium.people.models import Person, Role
from consilium.people.permissions import OPERATOR, NotAllowed, check_role, roles_of


def check_see(person: Person, job: Job) -> None:
    """Raise Http404 unless the person may know that this job exists."""
    if job.study is not None:
        check_member(person, job.study)
    elif OPERATOR not in roles_of(person, None):
        raise Http404("Not found.")


def check_cancel(person: Person, job: Job) -> None:
    """Raise NotAllowed unless the person leads the job's study, or operates the site for a system job."""
    check_role(person, job.study, *((Role.LEAD,) if job.study else (OPERATOR,)))


def can_cancel(person: Person, job: Job) -> bool:
    """Whether the page shows a cancel button."""
    try:
        check_cancel(person, job)
    except NotAllowed:
        return False
    return not job.is_over
