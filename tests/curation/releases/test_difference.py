"""What a later release changed, row by row."""

import pytest

from curation.models import Release
from curation.releases.contents import NewRow
from curation.releases.difference import NotComparable, compare_releases
from curation.releases.freeze import freeze
from tests.factories.cast import Cast


def made(cast: Cast, name: str, rows: dict[str, dict[str, object]], kind: str = "preferences") -> Release:
    new = [NewRow(row_id, {"id": row_id, **content}) for row_id, content in rows.items()]
    return freeze(study=cast.study, kind=kind, name=name, rows=new, left_out={}, by=cast.lena)


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
    assert [len(ids) for ids in (found.added_ids, found.removed_ids, found.changed_ids)] == [3, 3, 3]
