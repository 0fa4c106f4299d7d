import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.people.models import GuidelineVersion, Participation, Study
from consilium.people.permissions import NotAllowed
from consilium.people.protocol import lock_protocol, protocol_hash
from consilium.workqueue import claim as claiming
from consilium.workqueue import hold, kinds
from consilium.workqueue.claim import next_claim
from consilium.workqueue.models import Claim, Draft, Submission, WorkItem
from consilium.workqueue.open import close_item
from consilium.workqueue.refusals import ClaimOver, ItemClosed, KeyReused, VersionConflict
from consilium.workqueue.states import ClaimState
from consilium.workqueue.submit import submit, submit_and_go_on
from tests.factories.cast import Cast
from tests.workqueue import kind as test_kind
from tests.workqueue.conftest import Opens
from tests.workqueue.test_claim import expire, taken

FIRST = {"choices": {"accuracy": "first"}, "note": "clear"}
SECOND = {"choices": {"accuracy": "second"}, "note": ""}


def send(cast: Cast, claim: Claim, content: dict[str, Any] = FIRST, **more: Any) -> Submission:
    more = {"person": cast.anna, "idempotency_key": uuid.uuid4(), **more}
    return submit(claim_token=claim.token, content=content, **more)


def test_a_submission_is_stored_projected_and_audited(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    Draft.objects.create(item=claim.item, person=cast.anna)
    stored = send(cast, claim)
    claim.refresh_from_db()
    assert (claim.state, claim.slot) == (ClaimState.SUBMITTED, 0)
    assert (stored.version, stored.is_surplus, stored.shown) == (1, False, {"first": "b"})
    assert stored.guideline == GuidelineVersion.objects.get()
    assert test_kind.projected == [stored.pk]
    assert not Draft.objects.exists()
    last = AuditEvent.objects.filter(study=cast.study).order_by("-sequence").first()
    assert last is not None
    assert (last.action, last.data["sha256"]) == ("submission.stored", stored.content_sha256)


def test_what_happens_to_another_claim_meanwhile_does_not_undo_a_submission(
    cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lost claim that comes back first is skipped in another tab between the look and the lock."""
    opened(2)
    claim = taken(cast)
    other = WorkItem.objects.exclude(pk=claim.item_id).order_by("pk").first()
    assert other is not None
    again = Claim.objects.create(
        item=other, study=cast.study, person=cast.anna, slot=None, state="expired", expires_at=timezone.now()
    )
    find = claiming._first_returning

    def overtaken(*given: Any, **more: Any) -> WorkItem | None:
        found = find(*given, **more)
        Claim.objects.filter(pk=again.pk).update(state="skipped")
        return found

    monkeypatch.setattr(claiming, "_first_returning", overtaken)
    done = submit_and_go_on(
        claim_token=claim.token, person=cast.anna, content=FIRST, idempotency_key=uuid.uuid4()
    )
    assert (done.next_claim, Submission.objects.get()) == (None, done.submission)
    assert verify_chains()[1] == []


def test_a_submission_reads_its_claim_once(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    with CaptureQueriesContext(connection) as asked:
        send(cast, claim)
    whole_rows = [one for one in asked if one["sql"].startswith('SELECT "work_claim"."id"')]
    assert len(whole_rows) == 1


def test_the_same_key_ten_times_is_one_row(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim, key = taken(cast), uuid.uuid4()
    stored = {send(cast, claim, idempotency_key=key).pk for _ in range(10)}
    assert len(stored) == 1
    assert Submission.objects.count() == 1
    assert len(test_kind.projected) == 1


@pytest.mark.parametrize("content", [SECOND, {"nonsense": 1}])
def test_the_same_key_with_other_content_is_refused(
    cast: Cast, opened: Opens, content: dict[str, Any]
) -> None:
    opened(1)
    claim, key = taken(cast), uuid.uuid4()
    send(cast, claim, idempotency_key=key)
    with pytest.raises(KeyReused):
        send(cast, claim, content, idempotency_key=key)


def test_a_key_of_somebody_else_is_refused(cast: Cast, opened: Opens) -> None:
    opened(1, capacity=2)
    key = uuid.uuid4()
    send(cast, taken(cast), idempotency_key=key)
    with pytest.raises(KeyReused):
        send(cast, taken(cast, "ben"), person=cast.ben, idempotency_key=key)
    assert Submission.objects.count() == 1


def test_invalid_content_stores_nothing(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    with pytest.raises(kinds.InvalidContent) as refused:
        send(cast, claim, {"choices": {"accuracy": "third"}, "mood": 1})
    assert set(refused.value.errors) == {"choices.accuracy", "mood"}
    claim.refresh_from_db()
    assert claim.state == ClaimState.CLAIMED


def test_a_projection_that_fails_undoes_everything(
    cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(1)
    claim = taken(cast)

    def fails(submission: Submission) -> None:
        raise LookupError("no such case")

    broken = kinds.WorkKind(
        **{
            **{f: getattr(test_kind.KIND, f) for f in test_kind.KIND.__dataclass_fields__},
            "project": fails,
        }
    )
    monkeypatch.setitem(kinds._kinds, test_kind.NAME, broken)
    with pytest.raises(LookupError):
        send(cast, claim)
    claim.refresh_from_db()
    assert (claim.state, Submission.objects.count()) == (ClaimState.CLAIMED, 0)


def test_a_revision_is_a_new_version_until_the_item_closes(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    first = send(cast, claim)
    second = send(cast, claim, SECOND, base_version=1)
    assert (first.version, second.version) == (1, 2)
    assert list(Submission.objects.current()) == [second]
    close_item(claim.item)
    with pytest.raises(ItemClosed):
        send(cast, claim, base_version=2)


def test_two_tabs_get_a_conflict_that_names_both(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    send(cast, claim)
    with pytest.raises(VersionConflict) as refused:
        send(cast, claim, SECOND)
    assert (refused.value.yours, refused.value.current, refused.value.content) == (0, 1, FIRST)


def test_a_late_submission_takes_a_free_seat(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    expire(claim)
    assert next_claim(study=cast.study, person=cast.ben, kind=test_kind.NAME) is not None
    ben = Claim.objects.get(person=cast.ben)
    hold.skip(token=ben.token, person=cast.ben, reason="Not mine")
    stored = send(cast, claim)
    claim.refresh_from_db()
    assert (stored.is_surplus, claim.slot, claim.state) == (False, 0, ClaimState.SUBMITTED)
    assert WorkItem.objects.get().is_full


def test_a_late_submission_without_a_seat_is_surplus(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    expire(claim)
    ben = taken(cast, "ben")
    stored = send(cast, claim)
    assert stored.is_surplus
    claim.refresh_from_db()
    assert (claim.state, claim.slot) == (ClaimState.SUBMITTED, None)
    counted = send(cast, ben, person=cast.ben)
    assert list(Submission.objects.counted()) == [counted]
    assert list(Submission.objects.surplus()) == [stored]
    assert send(cast, claim, SECOND, base_version=1).is_surplus


def test_no_submission_for_others_or_without_consent(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    for name in ("ben", "lena", "otto", "nora"):
        with pytest.raises(Http404):
            send(cast, claim, person=getattr(cast, name))
    Participation.objects.filter(person=cast.anna).update(withdrawn_at=timezone.now())
    with pytest.raises(NotAllowed):
        send(cast, claim)
    Participation.objects.filter(person=cast.anna).update(withdrawn_at=None)
    cast.anna.is_active = False
    with pytest.raises(Http404):
        send(cast, claim)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("how", ["postpone", "skip", "close"])
def test_no_submission_on_a_claim_that_is_over(cast: Cast, opened: Opens, how: str) -> None:
    opened(1)
    claim = taken(cast)
    if how == "postpone":
        hold.postpone(token=claim.token, person=cast.anna)
    elif how == "skip":
        hold.skip(token=claim.token, person=cast.anna, reason="Not mine")
    else:
        close_item(claim.item)
    with pytest.raises(ClaimOver):
        send(cast, claim)
    assert not Submission.objects.exists()


def test_submitted_work_cannot_be_given_back(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    send(cast, claim)
    with pytest.raises(ClaimOver):
        hold.postpone(token=claim.token, person=cast.anna)
    with pytest.raises(ClaimOver):
        hold.skip(token=claim.token, person=cast.anna, reason="Changed my mind")


def test_active_seconds_are_bounded_at_submission(cast: Cast, opened: Opens) -> None:
    opened(1)
    claim = taken(cast)
    Claim.objects.filter(pk=claim.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=60))
    assert 60 <= send(cast, claim, active_seconds=10**6).active_seconds <= 62


def test_the_database_refuses_changes_to_a_submission(cast: Cast, opened: Opens) -> None:
    opened(1)
    stored = send(cast, taken(cast))
    with pytest.raises(DatabaseError), transaction.atomic():
        Submission.objects.filter(pk=stored.pk).update(is_surplus=True)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM work_submission")
    assert verify_chains()[1] == []


def test_the_protocol_locks_once(cast: Cast) -> None:
    assert lock_protocol(cast.study, cast.anna)
    stale = Study.objects.get(pk=cast.study.pk)
    stale.protocol_locked_at = None
    assert not lock_protocol(stale, cast.ben)
    assert Study.objects.get(pk=cast.study.pk).protocol_hash == protocol_hash(cast.study)
    assert AuditEvent.objects.filter(action="study.locked").count() == 1
