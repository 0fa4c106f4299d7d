"""The next piece is kept ready while a person is at another one, and nobody goes without because of that."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.people.models import Participation
from consilium.workqueue import drafts, hold
from consilium.workqueue.ahead import claim_ahead
from consilium.workqueue.claim import earlier_claim, next_claim, open_claim, owned_work
from consilium.workqueue.counts import count_of, forget, today_at_work
from consilium.workqueue.models import Claim, WorkItem
from consilium.workqueue.open import close_item, close_round
from consilium.workqueue.places import assets_version
from consilium.workqueue.refusals import NotOpened
from consilium.workqueue.slots import expire_claims
from consilium.workqueue.states import ClaimState
from consilium.workqueue.submit import submit, submit_and_go_on
from tests.factories.cast import Cast
from tests.workqueue.conftest import Browser, Opens
from tests.workqueue.kind import NAME

LogIn = Callable[[str], Browser]
CONTENT = {"choices": {"accuracy": "first"}}


def taken(cast: Cast, name: str = "anna") -> Claim:
    claim = next_claim(study=cast.study, person=getattr(cast, name), kind=NAME)
    assert claim is not None
    return claim


def ahead(cast: Cast, after: Claim) -> Claim | None:
    return claim_ahead(*owned_work(after.token, cast.anna))


def kept(cast: Cast, after: Claim) -> Claim:
    found = ahead(cast, after)
    assert found is not None
    return found


def finish(cast: Cast, claim: Claim, name: str = "anna") -> None:
    person, key = getattr(cast, name), uuid.uuid4()
    submit(claim_token=claim.token, person=person, content=CONTENT, idempotency_key=key)


def allow(cast: Cast, most: int) -> None:
    cast.study.settings_data = {**cast.study.settings_data, "prefetch": most}
    cast.study.save()


def state_of(claim: Claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


def test_what_was_kept_ready_is_what_comes_next(cast: Cast, opened: Opens) -> None:
    opened(3)
    first = taken(cast)
    ready = kept(cast, first)
    assert (ready.state, ready.slot, ready.item_id != first.item_id) == (ClaimState.ASSIGNED, 0, True)
    assert kept(cast, first).token == ready.token, "asking again gives the same one"
    person, key = cast.anna, uuid.uuid4()
    done = submit_and_go_on(
        claim_token=first.token, person=person, content=CONTENT, idempotency_key=key
    ).next_claim
    assert done is not None
    assert (done.token, done.state) == (ready.token, ClaimState.CLAIMED)
    actions = AuditEvent.objects.filter(object_id=str(ready.pk), object_type=ready._meta.label_lower)
    assert [*actions.order_by("sequence").values_list("action", flat=True)] == [
        "claim.assigned",
        "claim.claimed",
    ]


def test_its_time_starts_when_it_is_opened(cast: Cast, opened: Opens) -> None:
    opened(2)
    with time_machine.travel(0, tick=False) as clock:
        first = taken(cast)
        ready = kept(cast, first)
        clock.shift(timedelta(minutes=5))
        finish(cast, first)
        claim = taken(cast)
        assert claim.pk == ready.pk
        assert (claim.claimed_at, claim.heartbeat_at) == (timezone.now(), timezone.now())
        assert claim.expires_at == timezone.now() + timedelta(minutes=cast.study.settings.claim_minutes)


def test_the_settings_say_how_many(cast: Cast, opened: Opens) -> None:
    opened(9)
    first = taken(cast)
    last = kept(cast, first)
    assert ahead(cast, last) is None, "one is kept ready unless a lead says more"
    allow(cast, 3)
    line = [first, last]
    for _ in range(2):
        line.append(kept(cast, line[-1]))
    assert ahead(cast, line[-1]) is None
    for claim in line:
        assert taken(cast).token == claim.token
        finish(cast, claim)
    allow(cast, 0)
    assert ahead(cast, taken(cast)) is None
    assert Claim.objects.filter(state=ClaimState.ASSIGNED).count() == 0


def test_nothing_is_kept_ready_after_work_that_is_over(cast: Cast, opened: Opens) -> None:
    opened(4)
    first = taken(cast)
    finish(cast, first)
    assert ahead(cast, first) is None
    assert ahead(cast, taken(cast)) is not None
    Participation.objects.filter(person=cast.anna).update(withdrawn_at=timezone.now())
    assert ahead(cast, Claim.objects.get(state="claimed")) is None


def test_what_is_kept_ready_takes_no_work(cast: Cast, opened: Opens) -> None:
    opened(2)
    ready = kept(cast, taken(cast))
    token, person = ready.token, cast.anna
    for act in (
        lambda: open_claim(token, person),
        lambda: finish(cast, ready),
        lambda: hold.heartbeat(token=token, person=person, active_seconds=1),
        lambda: hold.postpone(token=token, person=person),
        lambda: hold.skip(token=token, person=person, reason="No."),
        lambda: drafts.save_draft(token=token, person=person, content={}, draft_version=0),
    ):
        with pytest.raises(NotOpened):
            act()
    assert state_of(ready) == ClaimState.ASSIGNED


def test_who_asks_now_goes_before_who_has_it_ready(cast: Cast, opened: Opens) -> None:
    opened(2)
    first = taken(cast)
    ready = kept(cast, first)
    counted = count_of(cast.study.memberships.get(person=cast.ben), NAME)
    assert counted.waiting == 1, "so that the queue page offers it"
    assert taken(cast, "ben").item_id == ready.item_id
    assert state_of(ready) == ClaimState.EXPIRED
    assert count_of(cast.study.memberships.get(person=cast.carla), NAME).waiting == 0
    assert next_claim(study=cast.study, person=cast.carla, kind=NAME) is None
    finish(cast, first)
    assert next_claim(study=cast.study, person=cast.anna, kind=NAME) is None


def test_new_items_and_ones_own_come_before_what_others_have_ready(cast: Cast, opened: Opens) -> None:
    opened(3)
    ready = kept(cast, taken(cast))
    mine = taken(cast, "ben")
    assert mine.item_id != ready.item_id
    hold.postpone(token=mine.token, person=cast.ben)
    assert taken(cast, "ben").item_id == mine.item_id
    assert state_of(ready) == ClaimState.ASSIGNED


def test_it_stays_ready_as_long_as_the_person_is_there(cast: Cast, opened: Opens) -> None:
    opened(2)
    with time_machine.travel(0, tick=False) as clock:
        first = taken(cast)
        ready = kept(cast, first)
        for _ in range(3):
            clock.shift(timedelta(minutes=cast.study.settings.claim_minutes - 1))
            hold.heartbeat(token=first.token, person=cast.anna, active_seconds=0)
            assert expire_claims() == 0
        clock.shift(timedelta(minutes=cast.study.settings.claim_minutes + 1))
        assert expire_claims() == 2
        assert state_of(ready) == ClaimState.EXPIRED
        assert WorkItem.objects.filter(is_full=False).count() == 2


def test_closing_takes_it_back(cast: Cast, opened: Opens) -> None:
    work_round = opened(3)
    first = taken(cast)
    ready = kept(cast, first)
    close_item(ready.item, by=cast.lena)
    assert state_of(ready) == ClaimState.WITHDRAWN
    other = kept(cast, first)
    assert other.item_id not in {first.item_id, ready.item_id}
    close_round(work_round=work_round, by=cast.lena)
    assert state_of(other) == ClaimState.WITHDRAWN
    assert next_claim(study=cast.study, person=cast.anna, kind=NAME) is None


def test_it_is_shown_as_if_what_comes_before_were_done(cast: Cast, opened: Opens) -> None:
    opened(5)
    allow(cast, 2)
    finish(cast, taken(cast))
    first = taken(cast)
    second = kept(cast, first)
    third = kept(cast, second)
    membership = cast.study.memberships.get(person=cast.anna)
    shown = [today_at_work(membership, claim) for claim in (first, second, third)]
    assert [(today.done, today.of) for today in shown] == [(1, 5), (2, 5), (3, 5)]
    earlier = [earlier_claim(claim) for claim in (second, third)]
    assert [claim.pk for claim in earlier if claim] == [first.pk, second.pk]
    forget()
    assert today_at_work(membership, third).of == 5
    assert count_of(membership, NAME).waiting == 3


def test_it_survives_a_change_to_other_work(cast: Cast, opened: Opens) -> None:
    opened(3)
    first = taken(cast)
    ready = kept(cast, first)
    hold.postpone(token=first.token, person=cast.anna)
    assert taken(cast).token == ready.token


# --- the call ---


def ask(client: Browser, claim: Claim, version: str | None = None) -> Any:
    headers = {"X-Work-Screen": assets_version() if version is None else version}
    return client.post(f"/work/{claim.token}/ahead/", {}, "application/json", headers=headers)


def submitted(client: Browser, claim: Claim, ahead: str) -> Any:
    body = {"content": CONTENT, "key": str(uuid.uuid4()), "active_seconds": 1, "base_version": 0}
    headers = {"X-Work-Screen": assets_version(), "X-Work-Ahead": ahead}
    return client.post(f"/work/{claim.token}/submit/", body, "application/json", headers=headers).json()


def test_the_call_brings_the_screen_and_the_answer_names_it(
    cast: Cast, opened: Opens, browser: LogIn
) -> None:
    opened(3)
    anna, first = browser("anna"), taken(cast)
    answer = ask(anna, first).json()
    ready = Claim.objects.get(state=ClaimState.ASSIGNED)
    assert answer["next"] == reverse("test-work", kwargs={"token": ready.token})
    assert str(ready.token) in answer["screen"]
    done = submitted(anna, first, f"{uuid.uuid4()} {ready.token}")
    assert (done["next"], done["screen"]) == (answer["next"], ""), "it is there already"
    other = submitted(anna, ready, str(uuid.uuid4()))
    assert other["screen"], "what the browser holds is another one"


def test_a_browser_with_other_scripts_gets_nothing_and_keeps_nothing(
    cast: Cast, opened: Opens, browser: LogIn
) -> None:
    opened(2)
    assert ask(browser("anna"), taken(cast), "older").json() == {"next": "", "screen": ""}
    assert not Claim.objects.filter(state=ClaimState.ASSIGNED).exists()


def test_the_page_of_one_that_is_not_open_says_so(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(2)
    ready = kept(cast, taken(cast))
    page = browser("anna").get(reverse("test-work", kwargs={"token": ready.token}))
    assert page.status_code == 409
    assert "This one comes next and is not open yet" in page.text
    assert browser("ben").get(reverse("test-work", kwargs={"token": ready.token})).status_code == 404


def test_finishing_for_today_gives_it_back(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(2)
    first = taken(cast)
    ready = kept(cast, first)
    browser("anna").send(first, "finish")
    assert state_of(ready) == ClaimState.EXPIRED
    assert WorkItem.objects.filter(is_full=False).count() == 2


def test_putting_off_leads_to_what_is_ready(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(2)
    first = taken(cast)
    ready = kept(cast, first)
    place = browser("anna").send(first, "postpone").json()["next"]
    assert place == reverse("test-work", kwargs={"token": ready.token})
    assert state_of(ready) == ClaimState.CLAIMED
