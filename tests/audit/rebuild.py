"""Protected tables on a database of their own: `python -m tests.audit.rebuild STEP...` prints JSON.

CONSILIUM_HOME and DATABASE_URL say which database; it must be empty, or migrated and nothing else.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.db import DatabaseError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader

NAME = "9999_rebuild"
Findings = dict[str, Any]
CHANGES = {
    ("curation_cluster", "update"): "UPDATE curation_cluster SET use = 'train' WHERE use <> 'train'",
    ("curation_release", "update"): "UPDATE curation_release SET name = 'changed' WHERE id = 1",
    ("hub_push", "update"): "UPDATE hub_push SET digest = 'changed' WHERE id = 1",
    ("curation_letthrough", "update"): "UPDATE curation_letthrough SET digest = 'changed' WHERE id = 1",
    ("curation_releaserow", "insert"): (
        "INSERT INTO curation_releaserow (release_id, position, row_id, content, sha256)"
        " SELECT release_id, 99, 'x', content, sha256 FROM curation_releaserow WHERE id = 1"
    ),
    ("curation_releasesiderow", "insert"): (
        'INSERT INTO curation_releasesiderow (release_id, "table", position, row_id, content, sha256)'
        " SELECT release_id, 'more', 99, 'x', content, sha256 FROM curation_releasesiderow WHERE id = 1"
    ),
    ("curation_releasefile", "insert"): (
        "INSERT INTO curation_releasefile (release_id, path, blob_id)"
        " SELECT release_id, 'x', blob_id FROM curation_releasefile WHERE id = 1"
    ),
}


def fill() -> None:
    """At least one row in every protected table, written as an earlier version would have."""
    from annotation.models import Adjudication, BlindVote, ExternalLabel, Vote
    from consilium.signatures.models import Purpose
    from consilium.signatures.sittings import begin_sitting
    from curation.models import ImageView, Import, PixelReview, Release, ReleaseOrigin
    from curation.releases.sign import sign_release
    from tests.factories.cast import make_cast
    from tests.factories.label_studio import taken
    from tests.factories.world import make_world

    world = make_world(make_cast())
    image = world.arguments["curation:image"]["pk"]
    PixelReview.objects.create(image_id=image, person=world.cast.max, pixel_sha256="0" * 64, is_clean=True)
    ImageView.objects.create(image_id=image, person=world.cast.max, day="2026-11-20")
    release = Release.objects.all()[0]
    by = world.cast.lena
    sitting = begin_sitting(study=world.cast.study, purpose=Purpose.RELEASE, method="password", by=by)
    sign_release(release=release, by=by, sitting=sitting)
    batch = Import.objects.all()[0]
    ReleaseOrigin.objects.create(release=release, batch=batch, study="x", name="x", frozen_on="2026-11-20")
    vote = Vote.objects.all()[0]
    taken(vote, by)
    ExternalLabel.objects.create(
        study=world.cast.study, question=vote.case.question, batch=batch, external_id="x", label={}
    )
    BlindVote.objects.create(case=vote.case, person=world.cast.rosa, choices={})
    Adjudication.objects.create(
        submission=vote.submission, case=vote.case, person=vote.person, shown_first="a", blind={}, final={}
    )


def changes() -> Iterator[tuple[str, str, str]]:
    """Table, verb and a plain statement for everything that is declared as refused."""
    from consilium.audit.protection import declared

    for table, verb in sorted({(refusal.table, verb) for refusal in declared() for verb in refusal.verbs}):
        plain = {"update": f"UPDATE {table} SET id = id", "delete": f"DELETE FROM {table}"}
        yield table, verb, CHANGES.get((table, verb)) or plain[verb]
    if connection.vendor == "postgresql":
        for table in {refusal.table for refusal in declared()}:
            yield table, "truncate", f"TRUNCATE {table} CASCADE"


def answer(statement: str) -> str:
    """What the database says to a change, which is never kept."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True)
            return f"changed {cursor.rowcount} rows"
    except DatabaseError as refused:
        return str(refused).splitlines()[0]


def answers() -> dict[str, str]:
    return {f"{table} {verb}": answer(statement) for table, verb, statement in changes()}


def faults() -> list[str]:
    from consilium.audit import protection

    return [str(fault) for fault in protection.faults(connection)]


def altered(model: type[models.Model]) -> list[migrations.AlterField]:
    """Operations that rebuild the model's table on SQLite and change column types on PostgreSQL."""
    found = []
    for field in model._meta.concrete_fields:
        new = field.clone()
        if isinstance(field, models.CharField) and field.max_length:
            new.max_length = field.max_length + 1
        elif isinstance(field, models.JSONField):
            new.null = True
        else:
            continue
        found.append(migrations.AlterField(model._meta.model_name or "", field.name, new))
    return found


@contextmanager
def later_version() -> Iterator[None]:
    """A version whose migrations alter every protected table."""
    from django.apps import apps

    from consilium.audit.protection import declared

    tables = {refusal.table for refusal in declared()}
    protected = [model for model in apps.get_models() if model._meta.db_table in tables]
    load = MigrationLoader.load_disk

    def load_more(self: MigrationLoader) -> None:
        load(self)
        for app in {model._meta.app_label for model in protected}:
            before = max(key for key in self.disk_migrations if key[0] == app)
            mine = [model for model in protected if model._meta.app_label == app]
            steps = [operation for model in mine for operation in altered(model)]
            body = {"dependencies": [before], "operations": steps}
            kind = type("Rebuild", (migrations.Migration,), body)
            self.disk_migrations[app, NAME] = kind(NAME, app)

    MigrationLoader.load_disk = load_more  # type: ignore[method-assign]
    try:
        yield
    finally:
        MigrationLoader.load_disk = load  # type: ignore[method-assign]


def migrate(*words: str) -> None:
    from django.core.management import call_command

    call_command("migrate", *words, verbosity=0)


def rebuild() -> Findings:
    """A filled database, then a migration that alters every protected table."""
    migrate()
    fill()
    before = answers()
    with later_version():
        migrate()
    return {"before": before, "after": answers(), "faults": faults()}


def anew() -> Findings:
    """An empty database that runs the altering migrations in the same `migrate` as all others."""
    with later_version():
        migrate()
    return {"faults": faults()}


def back() -> Findings:
    """There and back: states in which tables are there without the migrations that protect them, or gone."""
    return _through(
        *(["work", "0001"], ["annotation", "0001"], ["work", "0002"], ["annotation", "zero"]),
        *(["curation", "0002"], ["curation", "0001"], ["curation", "zero"], []),
    )


def briefly_back() -> Findings:
    """One such state: each costs seconds of CPU."""
    return _through(["annotation", "0001"])


def _through(*states: list[str]) -> Findings:
    found = {}
    for words in states:
        migrate(*words)
        found[" ".join(words)] = faults()
    return {"faults": found}


def sabotage() -> Findings:
    """What is found after each way to make a trigger harmless, and once it was put back.

    The first time by `migrate`, then by what `migrate` ends with: the whole command takes a second each time.
    """
    from consilium.audit import protection

    migrate()
    name, table = "work_submission_no_update", "work_submission"
    drop = f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else f" ON {table}")
    ways: dict[str, Callable[[], Any]] = {"missing": lambda: execute(drop)}
    if connection.vendor == "sqlite":
        create = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table}"
        ways["harmless"] = lambda: execute(drop, f"{create} BEGIN SELECT 1; END")
        ways["conditional"] = lambda: execute(drop, f"{create} WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END")
    else:
        create = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW"
        call = f"EXECUTE FUNCTION {table}_refuse()"
        body = "AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql"
        ways["harmless"] = lambda: execute(
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger {body}"
        )
        ways["conditional"] = lambda: execute(drop, f"{create} WHEN (false) {call}")
        ways["disabled"] = lambda: execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    found: Findings = {}
    for way, act in ways.items():
        act()
        seen = faults()
        if found:
            protection.restore(connection)
        else:
            migrate()
        found[way] = {"seen": seen, "after": faults()}
    return found


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


STEPS = {"rebuild": rebuild, "anew": anew, "back": back, "briefly_back": briefly_back, "sabotage": sabotage}

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.jobs.worker_settings"
    django.setup()
    sys.stdout.write(json.dumps({step: STEPS[step]() for step in sys.argv[1:]}))
