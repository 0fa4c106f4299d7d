"""What changes while work is open: the clock of a web host, the study's settings, its guidelines."""

import random
import uuid
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.people import studies
from consilium.people.models import GuidelineVersion
from consilium.people.protocol import lock_protocol
from consilium.workqueue.claim import next_claim
from consilium.workqueue.drafts import save_draft
from consilium.workqueue.hold import heartbeat
from consilium.workqueue.models import Claim, Draft, Submission
from consilium.workqueue.slots import expire_claims
from consilium.workqueue.submit import submit
from tests.factories.cast import Cast
from tests.workqueue.conftest import Opens
from tests.workqueue.test_claim import taken
from tests.workqueue.test_submit import FIRST, SECOND, send

JUMPS = (timedelta(days=1), timedelta(days=-1), timedelta(hours=1), timedelta(hours=-1), timedelta())
ITEMS, SEATS = 4, 2


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(5, 105))]
)
def test_a_clock_that_jumps_loses_and_doubles_nothing(cast: Cast, opened: Opens, seed: int) -> None:
    opened(ITEMS, capacity=SEATS)
    rng = random.Random(seed)
    sent: list[tuple[uuid.UUID, int]] = []
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for person in (cast.anna, cast.ben, cast.carla):
            clock.shift(timedelta(days=-30))  # further than all jumps ahead of one person together
            for claim in iter(lambda: next_claim(study=cast.study, person=person, kind="test"), None):  # noqa: B023
                clock.shift(rng.choice(JUMPS))
                save_draft(token=claim.token, person=person, content=SECOND, draft_version=0, base_version=0)
                clock.shift(rng.choice(JUMPS))
                heartbeat(token=claim.token, person=person, active_seconds=3)
                expire_claims()
                clock.shift(rng.choice(JUMPS))
                key = uuid.uuid4()
                for _ in range(2):  # the second time as if the answer had been lost
                    stored = send(cast, claim, person=person, idempotency_key=key)
                    clock.shift(rng.choice(JUMPS))
                sent.append((key, stored.pk))
                assert 0 <= stored.active_seconds <= 3
    assert Counter(Submission.objects.values_list("idempotency_key", "pk")) == Counter(sent)
    assert not Draft.objects.exists()
    counted = Counter(Submission.objects.filter(is_surplus=False).values_list("item", flat=True))
    assert set(counted.values()) == {SEATS}, "an item has more or fewer answers than seats"
    assert verify_chains()[1] == []
    events = AuditEvent.objects.filter(study=cast.study, action="submission.stored").order_by("sequence")
    assert list(events.values_list("object_id", flat=True)) == [str(pk) for _, pk in sent]
    times = list(events.values_list("at", flat=True))
    assert times != sorted(times), "the clock never went back: this proves nothing"


def test_what_was_open_when_settings_and_guidelines_changed_is_taken_as_it_was_shown(
    cast: Cast, opened: Opens
) -> None:
    """The rows of an answer are the program's and have a number; what a lead may change loses no text."""
    opened(3)
    before = send(cast, taken(cast))
    lock_protocol(cast.study, cast.anna)
    claim = taken(cast)
    shown = claim.shown
    save_draft(token=claim.token, person=cast.anna, content=SECOND, draft_version=0, base_version=0)
    with pytest.raises(studies.ProtocolLocked):
        studies.change_settings(study=cast.study, changes={"votes_per_case": 5}, by=cast.lena)
    studies.change_settings(
        study=cast.study, changes={"votes_per_case": 5}, by=cast.lena, reason="Too few readers."
    )
    newer = studies.publish_guideline(study=cast.study, text="Judge the image first.", by=cast.lena)
    following = next_claim(study=cast.study, person=cast.ben, kind="test")
    assert Draft.objects.get().content == SECOND
    after = submit(claim_token=claim.token, person=cast.anna, content=SECOND, idempotency_key=uuid.uuid4())
    assert (after.shown, after.schema_version, after.content["choices"]) == (shown, 1, SECOND["choices"])
    before.refresh_from_db()
    assert (before.guideline, before.schema_version) == (GuidelineVersion.objects.get(number=1), 1)
    assert following is not None
    revised = send(cast, claim, base_version=1, content=FIRST)
    other = send(cast, following, person=cast.ben)
    assert (after.guideline, revised.guideline, other.guideline) == (before.guideline, newer, newer)
    assert (before.content, Claim.objects.filter(state="submitted").count()) == (FIRST, 3)
