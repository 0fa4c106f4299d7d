"""From votes to labels: the quiet period, replacement readers, disputes and the consensus."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotation.frames import label_of
from annotation.majorities import Outcome, decide
from annotation.models import Case, Choice, Consensus, Dimension, Vote
from annotation.states import CaseState
from consilium.people.models import Role
from consilium.states.transitions import StateChanged, transition
from consilium.work.closing import add_capacity, close_item
from consilium.work.models import Kind, WorkItem
from consilium.work.opening import open_items


def count_votes(*, case: Case, item: WorkItem) -> None:
    """After a counted vote: the quiet period starts once every seat voted. Part of the vote's transaction."""
    if case.state != CaseState.OPEN or Vote.objects.filter(case=case).counted().count() < item.capacity:
        return
    until = timezone.now() + timedelta(hours=case.study.settings.quiet_hours)
    transition(case, CaseState.QUIET, by=None, quiet_until=until)
    if until <= timezone.now():
        settle(case=case)


def settle_due() -> int:
    """Settle every case whose quiet period is over (a sweep); returns how many."""
    due = Case.objects.filter(state=CaseState.QUIET, quiet_until__lte=timezone.now())
    return sum(1 for case in due.select_related("study") if _settled(case))


def _settled(case: Case) -> bool:
    try:
        settle(case=case)
    except StateChanged:
        return False
    return True


@transaction.atomic
def settle(*, case: Case) -> Case:
    """Count the votes of a quiet case: labels, or a replacement reader, or a senior."""
    item = WorkItem.objects.get(kind=Kind.COMPARE, object_id=case.pk)
    outcome = outcome_of(case, item.capacity)
    if outcome.needs_reader:
        transition(case, CaseState.OPEN, by=None, reason="a reader could not judge", quiet_until=None)
        add_capacity(item)
        return case
    _store(case, outcome)
    close_item(item)
    if outcome.is_disputed:
        transition(case, CaseState.DISPUTED, by=None, reason=outcome.reason)
        _call_senior(case)
    else:
        transition(case, CaseState.SETTLED, by=None, data={"labels": outcome.labels})
    return case


def outcome_of(case: Case, capacity: int) -> Outcome:
    """What the counted votes of the case say now."""
    votes = list(Vote.objects.filter(case=case).counted())
    settings = case.study.settings
    return decide(
        [{name: vote.label(name) for name in Dimension.values} for vote in votes],
        [vote.harm for vote in votes],
        votes_per_case=settings.votes_per_case,
        capacity=capacity,
        senior_on_any_split=settings.senior_on_any_split,
    )


def _store(case: Case, outcome: Outcome) -> None:
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


def _call_senior(case: Case) -> None:
    voters = list(Vote.objects.filter(case=case).values_list("person_id", flat=True).distinct())
    name = case.round.name if case.round else "Adjudication"
    open_items(
        study=case.study,
        kind=Kind.ADJUDICATE,
        name=name,
        objects=[(case.pk, {"excluded": voters})],
        role=Role.ADJUDICATOR,
        capacity=1,
        by=None,
    )


def store_decision(*, case: Case, final: dict[str, str]) -> None:
    """A senior's final choices become the labels of a disputed case."""
    for name, choice in final.items():
        label = label_of(Choice(choice)) or ""
        Consensus.objects.filter(case=case, dimension=name).update(label=label, is_adjudicated=True)
    transition(case, CaseState.SETTLED, by=None, reason="a senior decided")
