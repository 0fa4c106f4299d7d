"""The figures of this app on the study's front page."""

from typing import Any

from django.db.models import Count
from django.utils import timezone

from annotation.models import Case, Vote
from annotation.states import CaseState
from consilium.people.models import Study
from consilium.workqueue.models import Kind, WorkItem


def summary(study: Study) -> dict[str, Any]:
    """Cases by state (zeros too), votes of today and in all, items that wait for somebody."""
    votes = Vote.objects.filter(case__study=study, submission__version=1)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    kinds = (Kind.COMPARE, Kind.ADJUDICATE)
    return {
        "cases": cases_by_state(study),
        "votes_today": votes.filter(submission__submitted_at__gte=midnight).count(),
        "votes_total": votes.count(),
        "open_items": WorkItem.objects.with_free_slot().filter(study=study, kind__in=kinds).count(),
    }


def cases_by_state(study: Study) -> dict[str, int]:
    """How many cases stand in each state, zeros too."""
    states = Case.objects.filter(study=study).order_by().values_list("state").annotate(number=Count("pk"))
    return dict.fromkeys(CaseState.values, 0) | dict(states)
