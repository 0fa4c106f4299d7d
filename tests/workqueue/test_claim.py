from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import Http404
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.people.models import Membership, Participation
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from consilium.workqueue import hold, kinds
from consilium.workqueue.claim import next_claim, open_claim
from consilium.workqueue.models import Claim, Draft, WorkItem
from consilium.workqueue.open import add_capacity, close_item, close_round, open_items
from consilium.workqueue.refusals import AlreadyOpen, ClaimOver, OtherWorkOpen
from consilium.workqueue.slots import expire_claims
from consilium.workqueue.states import ClaimState
from tests.factories.cast import Cast
from tests.workqueue.conftest import Opens
from tests.workqueue.kind import KIND, NAME


def take(cast: Cast, name: str = "anna") -> Claim | None:
    return next_claim(study=cast.study, person=getattr(cast, name), kind=NAME)


def taken(cast: Cast, name: str = "anna") -> Claim:
    claim = take(cast, name)
    assert claim is not None
    return claim


def state_of(claim: Claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


def expire(claim: Claim) -> None:
    Claim.objects.filter(pk=claim.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_the_same_claim_until_it_ends(cast: Cast, opened: Opens) -> None:
    opened(3)
    first = taken(cast)
    assert taken(cast).token == first.token
    assert Claim.objects.count() == 1


def test_what_is_shown_is_decided_once(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    assert claim.shown == {"first": "b"}
    hold.postpone(token=claim.token, person=cast.anna)
    assert taken(cast).shown == {"first": "b"}


def test_priority_first_then_the_shuffle(cast: Cast, opened: Opens) -> None:
    opened(5)
    last = WorkItem.objects.in_queue_order().last()
    assert last is not None
    WorkItem.objects.filter(pk=last.pk).update(priority=1)
    assert taken(cast).item_id == last.pk
    assert taken(cast, "ben").item_id == WorkItem.objects.order_by("-priority", "shuffle")[1].pk


def test_nothing_left(cast: Cast, opened: Opens) -> None:
    opened(1)
    assert take(cast) is not None
    assert take(cast, "ben") is None


def test_a_seat_for_each_of_three(cast: Cast, opened: Opens) -> None:
    opened(1, capacity=3)
    assert sorted(taken(cast, name).slot or 0 for name in ("anna", "ben", "carla")) == [0, 1, 2]
    assert WorkItem.objects.get().is_full


@pytest.mark.parametrize(
    ("overrides", "eligible"),
    [
        ({"specialty": "pediatrics"}, True),
        ({"specialty": "brain_senses"}, False),
        ({"department": "radiology"}, True),
        ({"department": "surgery"}, False),
    ],
)
def test_eligibility(cast: Cast, opened: Opens, overrides: dict[str, str], eligible: bool) -> None:
    Membership.objects.filter(person=cast.anna).update(specialty="pediatrics", departments=["radiology"])
    opened(1, **overrides)
    assert (take(cast) is not None) == eligible


def test_excluded_persons_and_other_roles_get_nothing(cast: Cast, opened: Opens) -> None:
    opened(1, capacity=3, excluded=[cast.anna])
    assert take(cast) is None
    assert take(cast, "lena") is None
    assert take(cast, "rosa") is None
    assert take(cast, "ben") is not None


@pytest.mark.parametrize("name", ["otto", "nora"])
def test_no_work_for_people_outside(cast: Cast, opened: Opens, name: str) -> None:
    opened(1)
    with pytest.raises(NotAllowed):
        take(cast, name)


def test_no_work_without_consent_or_account(cast: Cast, opened: Opens) -> None:
    opened(2)
    Participation.objects.filter(person=cast.anna).update(withdrawn_at=timezone.now())
    with pytest.raises(NotAllowed, match="take part"):
        take(cast)
    type(cast.ben).objects.filter(pk=cast.ben.pk).update(is_active=False)
    cast.ben.refresh_from_db()
    with pytest.raises(NotAllowed):
        take(cast, "ben")


def test_postponed_work_comes_back_last_with_a_new_token(cast: Cast, opened: Opens) -> None:
    opened(2)
    first = taken(cast)
    hold.postpone(token=first.token, person=cast.anna)
    hold.postpone(token=first.token, person=cast.anna)  # a double click
    second = taken(cast)
    assert second.item_id != first.item_id
    hold.skip(token=second.token, person=cast.anna, reason="Outside my field")
    again = taken(cast)
    assert again.item_id == first.item_id
    assert again.token != first.token
    with pytest.raises(Http404):
        open_claim(first.token, cast.anna)


def test_skipping_is_final_and_frees_the_seat(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    with pytest.raises(ReasonMissing):
        hold.skip(token=claim.token, person=cast.anna, reason="  ")
    hold.skip(token=claim.token, person=cast.anna, reason="Outside my field")
    assert take(cast) is None
    assert take(cast, "ben") is not None
    claim.refresh_from_db()
    assert (claim.reason, claim.slot) == ("Outside my field", None)
    assert not AuditEvent.objects.filter(reason__contains="Outside").exists()
    with pytest.raises(ClaimOver):
        open_claim(claim.token, cast.anna)


def test_expiry_frees_the_seat_and_the_person_gets_it_back_first(cast: Cast, opened: Opens) -> None:
    opened(2)
    claim = taken(cast)
    Draft.objects.create(item=claim.item, person=cast.anna, content={"note": "half"})
    expire(claim)
    again = taken(cast)
    assert (again.item_id, again.slot) == (claim.item_id, 0)
    assert again.token != claim.token
    assert Draft.objects.get().content == {"note": "half"}


def test_another_person_takes_an_expired_seat(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    expire(claim)
    assert taken(cast, "ben").slot == 0
    claim.refresh_from_db()
    assert (claim.state, claim.slot) == (ClaimState.EXPIRED, None)
    assert take(cast) is None


def test_a_heartbeat_keeps_the_claim(cast: Cast, opened: Opens) -> None:
    opened(1)
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        claim = taken(cast)
        for _ in range(5):
            clock.shift(timedelta(minutes=20))
            hold.heartbeat(token=claim.token, person=cast.anna, active_seconds=10)
            assert expire_claims() == 0
        clock.shift(timedelta(minutes=31))
        assert expire_claims() == 1
        assert expire_claims() == 0


def test_active_seconds_are_bounded_by_the_clock(cast: Cast, opened: Opens) -> None:
    opened(1)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        claim = taken(cast)
        clock.shift(timedelta(seconds=30))
        beat = hold.heartbeat(token=claim.token, person=cast.anna, active_seconds=99_999)
        assert beat.active_seconds == 30
        clock.shift(timedelta(seconds=30))
        beat = hold.heartbeat(token=claim.token, person=cast.anna, active_seconds=40)
        assert beat.active_seconds == 40
        assert hold.heartbeat(token=claim.token, person=cast.anna, active_seconds=1).active_seconds == 40


def test_closing_withdraws_what_is_open_and_keeps_drafts(cast: Cast, opened: Opens) -> None:
    opened(1, capacity=2)
    claim = taken(cast)
    Draft.objects.create(item=claim.item, person=cast.anna)
    close_item(claim.item)
    close_item(claim.item)
    claim.refresh_from_db()
    assert (claim.state, claim.slot) == (ClaimState.WITHDRAWN, None)
    assert Draft.objects.count() == 1
    assert take(cast, "ben") is None
    assert AuditEvent.objects.filter(action="item.closed").count() == 1


def test_a_round_is_closed_in_parts_of_many_items(
    cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    work_round = opened(40)
    held = [taken(cast, name) for name in ("anna", "ben")]
    with django_assert_max_num_queries(40):
        close_round(work_round=work_round, by=cast.lena)
    assert {state_of(claim) for claim in held} == {ClaimState.WITHDRAWN}
    closed = AuditEvent.objects.filter(action="item.closed").values_list("object_id", flat=True)
    assert sorted(closed) == sorted(str(item.pk) for item in work_round.items.all())

    monkeypatch.setattr("consilium.workqueue.open.CLOSED_AT_ONCE", 3)
    again = open_items(
        study=cast.study,
        kind=NAME,
        name="Round 2",
        objects=[(100 + n, {}) for n in range(7)],
        role="annotator",
        capacity=1,
        by=cast.lena,
    )
    close_round(work_round=again, by=cast.lena)
    assert not WorkItem.objects.filter(is_open=True).exists()
    assert AuditEvent.objects.filter(action="item.closed").count() == 47


def test_only_a_lead_opens_and_closes(cast: Cast, opened: Opens) -> None:
    work_round = opened(2)
    for call in (
        lambda: close_item(WorkItem.objects.all()[0], by=cast.anna),
        lambda: add_capacity(WorkItem.objects.all()[0], by=cast.anna),
        lambda: close_round(work_round=work_round, by=cast.rosa),
        lambda: open_items(
            study=cast.study, kind=NAME, name="x", objects=[], role="annotator", capacity=1, by=cast.ben
        ),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert close_round(work_round=work_round, by=cast.lena).closed_at is not None
    assert not WorkItem.objects.filter(is_open=True).exists()


def test_added_capacity_lets_one_more_in(cast: Cast, opened: Opens) -> None:
    opened(1)
    item = taken(cast).item
    add_capacity(item)
    assert taken(cast, "ben").slot == 1
    assert take(cast, "carla") is None


def test_an_object_is_opened_once(cast: Cast, opened: Opens) -> None:
    opened(3)
    with pytest.raises(AlreadyOpen, match="3 of these"):
        opened(4)
    assert WorkItem.objects.count() == 3


def test_unfinished_work_of_another_kind_is_named(
    cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(1)
    claim = taken(cast)
    monkeypatch.setitem(kinds._kinds, "review", KIND)
    with pytest.raises(OtherWorkOpen) as refused:
        next_claim(study=cast.study, person=cast.anna, kind="review")
    assert refused.value.claim == claim


def test_other_peoples_tokens_look_unknown(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    for name in ("ben", "lena", "otto", "nora"):
        with pytest.raises(Http404):
            open_claim(claim.token, getattr(cast, name))
    Membership.objects.filter(person=cast.anna).update(is_active=False)
    with pytest.raises(Http404):
        open_claim(claim.token, cast.anna)


def test_the_queue_is_read_from_its_index(cast: Cast, opened: Opens) -> None:
    opened(30)
    member = Membership.objects.get(person=cast.anna)
    queue = (
        WorkItem.objects.with_free_slot()
        .filter(kind=NAME)
        .eligible_for(member)
        .fresh_for(cast.anna)
        .in_queue_order()
    )
    plan = queue.explain()
    assert "item_queue" in plan
    if connection.vendor == "sqlite":
        assert "TEMP B-TREE" not in plan


def test_a_closed_round_takes_no_new_items(cast: Cast, opened: Opens) -> None:
    work_round = opened(1)
    close_round(work_round=work_round, by=cast.lena)
    with pytest.raises(AlreadyOpen, match="is closed"):
        open_items(
            study=cast.study,
            kind=work_round.kind,
            name=work_round.name,
            objects=[(99, {})],
            role="annotator",
            capacity=1,
            by=cast.lena,
        )
    assert work_round.items.count() == 1
