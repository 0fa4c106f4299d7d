"""What templates ask about jobs."""

from django import template

from consilium.jobs.models import Job
from consilium.jobs.permissions import can_cancel
from consilium.people.models import Person

register = template.Library()


@register.filter
def may_be_cancelled_by(job: Job, person: Person) -> bool:
    """Whether to show the button that stops the job."""
    return can_cancel(person, job)
