"""The cache in the database: who comes first adds, and who comes second is no error there."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


def test_a_value_is_added_once_and_again_when_it_has_expired() -> None:
    assert cache.add("look", True, 60)
    assert not cache.add("look", False, 60)
    assert cache.get("look") is True
    assert cache.touch("look", -1)
    assert cache.add("look", False, 60)
    assert cache.get("look") is False


def test_whoever_comes_second_inserts_nothing() -> None:
    """Else the log of PostgreSQL has an error for every tick of every worker."""
    cache.add("look", True, 60)
    with CaptureQueriesContext(connection) as asked:
        assert not cache.add("look", True, 60)
    assert [query["sql"] for query in asked if "INSERT" in query["sql"]] == []
