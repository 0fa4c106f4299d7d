"""Who may see and cancel a job, and whether whoever asked for it still may have it done.

Members of its study see it, leads cancel it; jobs without a study belong to operators.
"""

from django.http import Http404

from consilium.jobs.models import Job
from consilium.jobs.registry import find
from consilium.people.access import check_member
from consilium.people.models import Person, Role
from consilium.people.permissions import OPERATOR, NotAllowed, check_role, roles_of
from consilium.refusals import Refused


class ActorLost(Refused):
    """Whoever asked for the job may not have it done any more; the text says why and who can start it."""


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


def check_actor(job: Job) -> None:
    """Raise ActorLost unless whoever asked for the job may have it done now. Raises UnknownKind."""
    kind, person = find(job.kind), job.created_by
    if person is None:
        if not kind.needs_nobody:
            raise ActorLost("Nobody answers for this job, so nothing was done. A lead can start it anew.")
        return
    if roles_of(person, job.study) & kind.roles:
        return
    if not person.is_active:
        lost = f"The account of {person} has been deactivated"
    elif kind.roles == {Role.LEAD}:
        lost = f"{person} no longer leads this study"
    else:
        lost = f"{person} no longer has the role for this"
    raise ActorLost(f"{lost}, so nothing was done. Somebody who may can start it anew.")
