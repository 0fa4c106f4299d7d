"""From votes to labels: replacement readers, the quiet period, disputes and the consensus.

Lock order: the work items of the case, then the case, then the audit chain; the same as in a submission.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotation.frames import label_of
from annotation.majority import LabelDecision, decide_labels
from annotation.models import Case, Choice, Consensus, Dimension, Vote
from annotation.states import CaseState
from consilium.people.models import Person, Role
from consilium.states.transitions import StateChanged, transition
from consilium.workqueue.models import Claim, Kind, WorkItem
from consilium.workqueue.open import add_capacity, close_item, open_items
from consilium.workqueue.slots import finished_slots, lock_item


def count_votes(*, case: Case, item: WorkItem) -> None:
    """After a counted vote, in its transaction: once every slot voted, replacements or the quiet period."""
    if case.state == CaseState.STALLED:
        transition(case, CaseState.OPEN, by=None, reason="a reader is eligible")
    if case.state != CaseState.OPEN or finished_slots(item) < item.capacity:
        return
    outcome = outcome_of(case, item)
    if outcome.more_readers:
        _add_readers(item, outcome.more_readers)
        return
    until = timezone.now() + timedelta(hours=case.study.settings.quiet_hours)
    transition(case, CaseState.QUIET, by=None, quiet_until=until)
    if until <= timezone.now():
        settle_case(case=case)


def settle_due() -> int:
    """Settle every case whose quiet period is over (a sweep); returns how many."""
    due = Case.objects.filter(state=CaseState.QUIET, quiet_until__lte=timezone.now())
    return sum(1 for case in due.select_related("study") if _settled(case))


def sweep() -> None:
    """What the sweeper calls at every tick."""
    settle_due()


def _settled(case: Case) -> bool:
    try:
        settle_case(case=case)
    except StateChanged:
        return False
    return True


@transaction.atomic
def settle_case(*, case: Case) -> Case:
    """Count the votes of a quiet case: labels, or replacement readers, or an adjudicator.

    When a lead has closed the item, nobody can replace a reader: an adjudicator decides. Raises StateChanged.
    """
    item = lock_item(WorkItem.objects.only("pk").get(kind=Kind.COMPARE, object_id=case.pk).pk)
    outcome = outcome_of(case, item)
    if outcome.more_readers:
        transition(case, CaseState.OPEN, by=None, reason="a reader could not judge", quiet_until=None)
        _add_readers(item, outcome.more_readers)
        return case
    to = CaseState.DISPUTED if outcome.is_disputed else CaseState.SETTLED
    transition(case, to, by=None, reason=outcome.reason, data={"labels": outcome.labels})
    _store(case, outcome)
    close_item(item)
    if to == CaseState.DISPUTED:
        _call_adjudicator(case, item)
    return case


def outcome_of(case: Case, item: WorkItem) -> LabelDecision:
    """What the counted votes of the case say now, the readers in the order of their slots."""
    slots = dict(Claim.objects.filter(item=item, slot__isnull=False).values_list("person", "slot"))
    votes = sorted(Vote.objects.filter(case=case).counted(), key=lambda vote: slots.get(vote.person_id) or 0)
    settings = case.study.settings
    return decide_labels(
        [{name: vote.label(name) for name in Dimension.values} for vote in votes],
        [vote.harm for vote in votes],
        votes_per_case=settings.votes_per_case,
        capacity=item.capacity,
        can_replace=item.is_open,
        senior_on_any_split=settings.senior_on_any_split,
    )


def _add_readers(item: WorkItem, number: int) -> None:
    for _ in range(number):
        add_capacity(item)


def _store(case: Case, outcome: LabelDecision) -> None:
    for name, tally in outcome.tallies.items():
        Consensus.objects.update_or_create(
            case=case,
            dimension=name,
            defaults={
                "label": outcome.labels[name],
                "votes_a": tally.votes_a,
                "votes_b": tally.votes_b,
                "cannot_judge": tally.cannot_judge,
            },
        )


def _call_adjudicator(case: Case, item: WorkItem) -> None:
    """Put the case before an adjudicator who did not vote on it, surplus votes included."""
    voters = Vote.objects.filter(case=case).order_by().values_list("person_id", flat=True).distinct()
    open_items(
        study=case.study,
        kind=Kind.ADJUDICATE,
        name=item.round.name if item.round else "Adjudication",
        objects=[(case.pk, {"excluded": list(voters)})],
        role=Role.ADJUDICATOR,
        capacity=1,
        by=None,
    )


def store_decision(*, case: Case, final: dict[str, str], by: Person, item: WorkItem) -> None:
    """An adjudicator's final choices become the labels of a disputed case; its item takes no more.

    Where the adjudicator cannot judge, what the readers' majority said stays.
    """
    for name, choice in final.items():
        if label := label_of(Choice(choice)):
            Consensus.objects.filter(case=case, dimension=name).update(label=label, is_adjudicated=True)
    transition(case, CaseState.SETTLED, by=None, reason="an adjudicator decided", data={"by": by.pk})
    close_item(item)
