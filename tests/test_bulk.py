"""Rows written many at once are what the model reads; race_freeze.py asks PostgreSQL the same."""

import json

import pytest
from django.db import connection

from consilium.bulk import insert_rows
from curation.models import Release, ReleaseRow
from tests.factories.cast import Cast

FIELDS = ("release", "position", "row_id", "content", "sha256")


def test_rows_come_back_as_they_were_sent(cast: Cast) -> None:
    release = Release.objects.create(study=cast.study, kind="traces", name="R", created_by=cast.lena)
    contents = [{"text": 'Tab\t \\N "ü" 100 % %s'}, {"text": "'; --", "n": [1, 2.5, None, {}]}]
    insert_rows(
        ReleaseRow,
        FIELDS,
        [(release.pk, at, f"row {at}", json.dumps(each), f"{at}" * 64) for at, each in enumerate(contents)],
    )
    stored = ReleaseRow.objects.filter(release=release).order_by("position")
    assert [row.content for row in stored] == contents
    assert [(row.row_id, row.sha256) for row in stored] == [("row 0", "0" * 64), ("row 1", "1" * 64)]


def test_no_row_asks_nothing_of_the_database() -> None:
    with connection.execute_wrapper(lambda *_: pytest.fail("asked")):
        insert_rows(ReleaseRow, FIELDS, [])
