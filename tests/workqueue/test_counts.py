"""What a person sees of their own work: what waits, what is put off, what is done, per kind."""

from dataclasses import replace
from typing import Any

import pytest

from consilium.people.models import Membership
from consilium.workqueue import counts, hold, kinds
from consilium.workqueue.counts import KindCount, count_of, counts_of
from consilium.workqueue.models import WorkItem
from tests.factories.cast import Cast
from tests.workqueue.conftest import Opens
from tests.workqueue.kind import KIND, NAME
from tests.workqueue.test_claim import taken
from tests.workqueue.test_submit import send

pytestmark = pytest.mark.django_db


def member(cast: Cast, name: str = "anna") -> Membership:
    return Membership.objects.get(study=cast.study, person=getattr(cast, name))


def figures(count: KindCount) -> tuple[int, int, int]:
    return count.waiting, count.postponed, count.done


def test_each_kind_has_its_own_figures(cast: Cast, opened: Opens) -> None:
    opened(items=5)
    first = taken(cast)
    send(cast, first)
    hold.postpone(token=taken(cast).token, person=cast.anna)
    held = taken(cast)
    (count,) = counts_of(member(cast))
    assert (count.name, count.claim, figures(count)) == (NAME, held, (3, 1, 1))
    assert figures(count_of(member(cast), NAME)) == (3, 1, 1)
    (of_ben,) = counts_of(member(cast, "ben"))
    assert figures(of_ben) == (3, 0, 0)  # of hers only the one that is put off has a free seat


def test_kinds_are_counted_together(
    cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    opened(items=2)
    monkeypatch.setitem(kinds._kinds, "other", replace(KIND, name="other"))
    membership = Membership.objects.select_related("study", "person").get(pk=member(cast).pk)
    # The open piece, what is put off, done, kept ready for others; and what waits of each kind.
    with django_assert_num_queries(4 + len(kinds.known())):
        counts_of(membership)


@pytest.mark.parametrize(("departments", "waiting"), [([], 1), (["chest"], 2), (["chest", "head"], 3)])
def test_departments_of_any_number(cast: Cast, opened: Opens, departments: list[str], waiting: int) -> None:
    opened(items=3)
    for item, name in zip(WorkItem.objects.order_by("pk"), ("", "chest", "head"), strict=True):
        WorkItem.objects.filter(pk=item.pk).update(department=name)
    membership = member(cast)
    membership.departments = departments
    assert count_of(membership, NAME).waiting == waiting


def test_counting_stops(cast: Cast, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST_COUNTED", 2)
    counts._room.cache_clear()
    opened(items=4)
    count = count_of(member(cast), NAME)
    counts._room.cache_clear()
    assert (count.waiting, count.more, count.waiting_shown) == (2, True, "2+")
