"""Every state table of the product is whole, and docs/states.md shows them as they are."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from consilium.people.models import Role
from consilium.people.permissions import OPERATOR
from consilium.states.tables import SYSTEM, StateTable, arrow
from consilium.ui.state_badges import LOOKS
from dashboard.state_diagrams import page, tables

TABLES = tables()
ACTORS = {*Role.values, OPERATOR, SYSTEM}


@pytest.fixture(params=list(TABLES), ids=list(TABLES))
def label(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_objects_of_the_design_have_tables() -> None:
    names = {table.name for table in TABLES.values()}
    assert names >= {"image", "question", "trace", "release", "case", "claim", "job"}


def test_every_state_is_reached_from_the_first(label: str) -> None:
    table = TABLES[label]
    reached, grown = {str(table.initial)}, True
    while grown:
        more = {str(a.target) for a in table.arrows if str(a.source) in reached} - reached
        reached, grown = reached | more, bool(more)
    unreachable = {str(state) for state in table.states} - reached
    made_so = {"assigned", "claimed"} if table.name == "claim" else set()  # a claim is made in either
    assert unreachable <= made_so


def test_every_state_has_a_meaning_a_look_and_a_place_in_the_database(label: str) -> None:
    table, model = TABLES[label], apps.get_model(label)
    choices = {str(value) for value, _ in model._meta.get_field("state").choices or ()}
    assert choices == {str(state) for state in table.states}
    assert all(table.states.values())
    assert choices <= set(LOOKS)
    assert model._meta.get_field("state").default == table.initial


def test_every_arrow_says_when_and_who(label: str) -> None:
    for found in TABLES[label].arrows:
        assert found.meaning
        assert found.actors
        assert found.actors <= ACTORS


def test_every_arrow_is_one_line_of_the_diagram(label: str) -> None:
    lines = [line for line in TABLES[label].mermaid().splitlines() if ": " in line]
    assert len(lines) == len(TABLES[label].arrows)
    assert all(line.count(":") == 1 and ";" not in line for line in lines)


def test_no_arrow_is_drawn_twice(label: str) -> None:
    pairs = [(found.source, found.target) for found in TABLES[label].arrows]
    assert len(pairs) == len(set(pairs))


def test_a_table_whose_arrow_ends_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="without a meaning"):
        StateTable("door", "open", {"open": "one may pass"}, (arrow("open", "shut", "wind"),))


def test_the_page_in_docs_is_up_to_date() -> None:
    stored = Path(settings.BASE_DIR) / "docs" / "states.md"
    assert stored.read_text() == page(), "run `python manage.py state_diagrams`"
    call_command("state_diagrams", check=True)
