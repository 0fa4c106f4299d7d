"""What others refer to cannot be deleted: not by the program, and not by a statement behind its back."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ForeignKey, Model, ProtectedError

from tests.factories.world import World

# Kept figures are computed again at any time, so they go with what they are of.
DERIVED = {
    "annotation.AgreementSummary",
    "annotation.ProgressSummary",
    "benchmark.LeaderboardSummary",
    "benchmark.ReportSummary",
    "curation.FactsSummary",
}
HELD = {
    "people.Person",
    "people.Study",
    "curation.Image",
    "curation.Question",
    "curation.Source",
    "curation.Release",
    "calls.ModelEndpoint",
    "calls.Reply",
    "annotation.Response",
    "annotation.Case",
    "work.WorkItem",
    "work.Submission",
    "jobs.Job",
}


def own_models() -> Iterator[type[Model]]:
    """The models of this product, without tables that only join two others."""
    for config in apps.get_app_configs():
        if config.name.split(".")[0] in {"consilium", "curation", "annotation", "training", "benchmark"}:
            yield from config.get_models()


def references() -> list["ForeignKey[Model, Model]"]:
    """Every foreign key of every model."""
    return [
        field
        for model in own_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey)
    ]


def test_every_reference_protects_what_it_refers_to() -> None:
    found = references()
    assert len(found) > 80
    weak = {field.model._meta.label for field in found if field.remote_field.on_delete is not models.PROTECT}
    assert weak == DERIVED


@pytest.mark.django_db
def test_what_is_referred_to_is_refused_with_who_refers_to_it(world: World) -> None:
    tried: set[str] = set()
    for field in references():
        if field.model._meta.label in DERIVED:
            continue
        for row in field.model._default_manager.exclude(**{field.name: None}).select_related(field.name)[:3]:
            target = getattr(row, field.name)
            with pytest.raises((ProtectedError, IntegrityError)) as refused, transaction.atomic():
                target.delete()
            # Append-only tables refuse by themselves, without asking who refers to the row.
            if isinstance(refused.value, ProtectedError):
                assert refused.value.protected_objects, field
            tried.add(target._meta.label)
    assert tried >= HELD


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(HELD))
def test_a_statement_behind_the_programs_back_is_refused_too(world: World, label: str) -> None:
    table = apps.get_model(label)._meta.db_table
    with pytest.raises(IntegrityError), transaction.atomic():
        delete_all(table)


def delete_all(table: str) -> None:
    """As somebody with the database's password would; raises IntegrityError as a commit does."""
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}"')
    connection.check_constraints()
