"""Reads of the work queue: who may take what, in which order, and which submissions count."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from consilium.workqueue.states import ClaimState

if TYPE_CHECKING:
    from consilium.people.models import Membership, Person
    from consilium.workqueue.models import Claim, Submission, WorkItem  # noqa: F401

COMES_BACK = (ClaimState.POSTPONED, ClaimState.EXPIRED)


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Reads of work items."""

    def with_free_slot(self) -> "WorkItemQuerySet":
        """Open items with a free seat; the index item_queue holds exactly these."""
        return self.filter(is_open=True, is_full=False)

    def eligible_for(self, membership: "Membership") -> "WorkItemQuerySet":
        """Items of the member's role, specialty and departments that do not exclude the person."""
        excluded = self.model.excluded.through._default_manager
        return self.filter(
            ~Exists(excluded.filter(workitem_id=OuterRef("pk"), person_id=membership.person_id)),
            study_id=membership.study_id,
            role=membership.role,
            specialty__in=["", membership.specialty],
            department__in=["", *membership.departments],
        )

    def fresh_for(self, person: "Person") -> "WorkItemQuerySet":
        """Items the person never held."""
        return self.filter(~Exists(_claims_of(person)))

    def waiting_for(self, person: "Person") -> "WorkItemQuerySet":
        """Items the person may take now: never held, put off, or lost by expiry."""
        return self.filter(~Exists(_claims_of(person).exclude(state__in=COMES_BACK)))

    def returning_to(self, person: "Person", state: ClaimState) -> "WorkItemQuerySet":
        """Items whose claim by this person is in `state`, longest waiting first."""
        held = _claims(person).filter(state=state)
        # Two steps: a planner that starts from the items would look at all of them to find the person's few.
        mine = list(held.values_list("item_id", flat=True))
        since = held.filter(item=OuterRef("pk")).values("heartbeat_at")
        return self.filter(pk__in=mine).order_by(Subquery(since), "pk") if mine else self.none()

    def in_queue_order(self) -> "WorkItemQuerySet":
        """Highest priority first, then the seeded shuffle."""
        return self.order_by("-priority", "shuffle", "pk")


def _claims_of(person: "Person") -> "models.QuerySet[Claim]":
    return _claims(person).filter(item=OuterRef("pk"))


def _claims(person: "Person") -> "models.QuerySet[Claim]":
    from consilium.workqueue.models import Claim

    return Claim.objects.filter(person=person)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Reads of submissions."""

    def current(self) -> "SubmissionQuerySet":
        """The newest version of each person's work on each item."""
        newer: Any = self.model._default_manager.filter(
            item=OuterRef("item"), person=OuterRef("person"), version__gt=OuterRef("version")
        )
        return self.filter(~Exists(newer))

    def counted(self) -> "SubmissionQuerySet":
        """Current versions that sit on a seat: what a majority is made of."""
        return self.current().filter(is_surplus=False)

    def surplus(self) -> "SubmissionQuerySet":
        """Current versions that came too late for a seat: paid and used in agreement only."""
        return self.current().filter(Q(is_surplus=True))
