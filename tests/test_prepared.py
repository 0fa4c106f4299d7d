"""Statements compiled once say what Django's own say."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from consilium.people.models import Membership, Person
from consilium.prepared import Prepared, _numbered, delete, insert, update
from consilium.workqueue.models import Claim, Draft, Submission, WorkItem
from tests.factories import annotation as making
from tests.factories.cast import Cast

ROLE = Prepared(
    lambda study, person: Membership.objects.filter(study=study, person=person).select_related("study"),
    study=int,
    person=int,
)


def test_a_select_takes_new_values_each_time(cast: Cast) -> None:
    for person in (cast.anna, cast.rosa, cast.lena, cast.nora):
        expected = Membership.objects.filter(study=cast.study, person=person).select_related("study")
        found = ROLE(study=cast.study.pk, person=person.pk)
        assert [(each.pk, each.role) for each in found] == [(each.pk, each.role) for each in expected]
    assert ROLE.first(study=cast.study.pk, person=cast.nora.pk) is None


def test_rows_are_counted(cast: Cast) -> None:
    of_study = Prepared(lambda study: Membership.objects.filter(study=study, is_active=True), study=int)
    assert of_study.count(study=cast.study.pk) == 6
    assert of_study.count(study=0) == 0


def test_related_rows_come_along(cast: Cast) -> None:
    found = ROLE.first(study=cast.study.pk, person=cast.anna.pk)
    assert found is not None
    with connection.execute_wrapper(lambda *_: pytest.fail("asked again")):
        assert found.study.slug == "chest"


def test_texts_dates_and_tokens_are_parameters_too(cast: Cast) -> None:
    making.opened(cast, questions=2)
    claim = making.claim(cast.study, cast.anna)
    wanted = Prepared(
        lambda token, kind, before: Claim.objects.filter(
            token=token, item__kind=kind, claimed_at__lt=before, slot__isnull=False
        ),
        token=uuid.UUID,
        kind=str,
        before=datetime,
    )
    later = timezone.now().replace(year=2999)
    assert wanted(token=claim.token, kind="compare", before=later) == [claim]
    assert wanted(token=claim.token, kind="review", before=later) == []
    assert wanted(token=claim.token, kind="compare", before=datetime(1999, 1, 1, tzinfo=UTC)) == []
    assert wanted(token=uuid.uuid4(), kind="compare", before=later) == []


def test_what_is_no_plain_parameter_is_told_at_once(cast: Cast) -> None:
    by_pattern = Prepared(lambda name: Person.objects.filter(username__contains=name), name=str)
    with pytest.raises(LookupError, match="name"):
        by_pattern(name="anna")
    with pytest.raises(LookupError):
        ROLE(study=cast.study.pk)


def test_rows_are_stored_as_the_model_would(cast: Cast) -> None:
    making.opened(cast, questions=2)
    items = list(WorkItem.objects.order_by("pk"))
    drafts = [Draft(item=item, person=cast.anna, content={"note": "ä\u2028", "n": [1]}) for item in items]
    insert(drafts)
    for draft in drafts:
        stored = Draft.objects.get(pk=draft.pk)
        assert (stored.item_id, stored.content, stored.version) == (draft.item_id, draft.content, 1)
        assert stored.updated_at == draft.updated_at
    drafts[0].version = 5
    drafts[0].save()
    assert Draft.objects.count() == 2


def test_an_update_counts_what_it_changed(cast: Cast) -> None:
    making.opened(cast, questions=1)
    draft = Draft.objects.create(item=WorkItem.objects.get(), person=cast.anna, content={"a": 1})
    changes = {"content": {"b": None}, "version": 2}
    assert update(Draft, changes, pk=draft.pk, version=1) == 1
    assert update(Draft, changes, pk=draft.pk, version=1) == 0
    assert update(Draft, {"updated_at": Now()}, pk=draft.pk) == 1
    draft.refresh_from_db()
    assert (draft.content, draft.version) == ({"b": None}, 2)
    assert update(Claim, {"slot": None}, item=draft.item, person=cast.ben) == 0
    assert not Submission.objects.exists()


def test_rows_are_deleted_by_their_columns(cast: Cast) -> None:
    making.opened(cast, questions=2)
    item = making.claim(cast.study, cast.anna).item
    for person in (cast.anna, cast.ben):
        Draft.objects.create(item=item, person=person)
    assert delete(Draft, item=item, person=cast.anna) == 1
    assert delete(Draft, item=item, person=cast.anna) == 0
    assert Draft.objects.get().person == cast.ben


def test_postgresql_gets_numbered_places() -> None:
    assert _numbered("SELECT a FROM b WHERE c = %s AND d LIKE 'x%%' LIMIT %s") == (
        "SELECT a FROM b WHERE c = $1 AND d LIKE 'x%' LIMIT $2"
    )
    assert _numbered("SELECT 1") == "SELECT 1"
