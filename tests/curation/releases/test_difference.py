"""What a later release changed, row by row."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from curation.cards.facts import LabelChange
from curation.models import Release
from curation.releases.contents import NewRow
from curation.releases.difference import NotComparable, compare_releases
from curation.releases.freeze import freeze
from tests.factories.cast import Cast


def made(
    cast: Cast,
    name: str,
    rows: dict[str, dict[str, object]],
    kind: str = "preferences",
    derived_from: Release | None = None,
) -> Release:
    new = [NewRow(row_id, {"id": row_id, **content}) for row_id, content in rows.items()]
    return freeze(
        study=cast.study,
        kind=kind,
        name=name,
        rows=new,
        left_out={},
        derived_from=derived_from,
        by=cast.lena,
    )


A, B = {"overall": "A", "accuracy": "A"}, {"overall": "B", "accuracy": "A"}


def test_rows_that_came_went_or_changed_are_counted_and_named(cast: Cast) -> None:
    one = made(cast, "One", {f"case-{n}": {"question": "Q", "label": A} for n in (1, 2, 3, 10)})
    two = made(
        cast,
        "Two",
        {
            "case-2": {"question": "Q", "label": A},
            "case-3": {"question": "Q", "label": B},
            "case-10": {"question": "Q, reworded", "label": A},
            "case-11": {"question": "New", "label": A},
        },
    )
    found = compare_releases(one, two)
    assert (found.added_ids, found.removed_ids, found.changed_ids) == (
        ["case-11"],
        ["case-1"],
        ["case-3", "case-10"],
    )
    assert (found.added, found.removed, found.changed) == (1, 1, 2)
    assert (found.fields, found.labels) == ({"label": 1, "question": 1}, {"overall": 1})
    assert found.label_changes == [LabelChange("case-3", "overall", "A", "B")]
    back = compare_releases(two, one)
    assert (back.added_ids, back.removed_ids, back.labels) == (["case-1"], ["case-11"], {"overall": 1})
    assert compare_releases(two, two).is_empty
    assert not found.is_empty


def test_only_releases_of_one_kind_are_compared(cast: Cast) -> None:
    one = made(cast, "One", {"case-1": {"label": A}})
    two = made(cast, "Two", {"question-1": {"question": "Q"}}, kind="questions")
    with pytest.raises(NotComparable, match="one kind"):
        compare_releases(one, two)


def test_the_examples_are_few_and_the_queries_do_not_grow_with_the_rows(
    cast: Cast, django_assert_max_num_queries: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation.releases.difference.EXAMPLES", 3)
    one = made(cast, "One", {f"case-{n}": {"label": A} for n in range(40)})
    two = made(cast, "Two", {f"case-{n}": {"label": B} for n in range(20, 60)})
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        found = compare_releases(one, two)
    assert (found.added, found.removed, found.changed, found.labels) == (20, 20, 20, {"overall": 20})
    named = (found.added_ids, found.removed_ids, found.changed_ids, found.label_changes)
    assert [len(few) for few in named] == [3, 3, 3, 3]


def test_a_page_tells_what_a_correction_changed(cast: Cast, client: Client) -> None:
    one = made(cast, "One", {"case-1": {"label": A}, "case-2": {"label": A}})
    two = made(cast, "Two", {"case-2": {"label": B}, "case-3": {"label": A}}, derived_from=one)
    client.force_login(cast.lena)
    link = reverse("curation:release-changes", args=[cast.study.slug, two.pk])
    assert link in client.get(reverse("curation:release", args=[cast.study.slug, two.pk])).content.decode()
    page = " ".join(re.sub("<[^>]*>", " ", client.get(link).content.decode()).split())
    assert "Since One" in page
    assert "case-2 Overall A B" in page
    assert ("Rows added case-3" in page, "Rows removed case-1" in page) == (True, True)
    first = reverse("curation:release-changes", args=[cast.study.slug, one.pk])
    assert client.get(first).status_code == 404
