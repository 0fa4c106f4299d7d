"""`migrate` that is killed, on a database of its own: `python -m tests.audit.half_migrated [SEED...]`.

Prints JSON: why nothing may start after each kill (SIGKILL of a forked process), and after the last migrate.
CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
Without seeds: at chosen points, one after the other in the same database. With seeds: at any moment.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable

import django
from django.core.management.commands import migrate as command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tests.audit.rebuild import later_version, migrate

LONGEST = 6.0


def die(*args: object, **kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(number: int) -> Callable[[], None]:
    """Die before the migration of that number begins."""

    def prepare() -> None:
        apply, count = MigrationExecutor.apply_migration, 0

        def counted(self: MigrationExecutor, *args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                die()
            return apply(self, *args, **kwargs)  # type: ignore[arg-type]

        MigrationExecutor.apply_migration = counted  # type: ignore[assignment, method-assign]

    return prepare


def inside(number: int) -> Callable[[], None]:
    """Die inside the migration of that number: its tables are changed, and that is not yet noted."""

    def prepare() -> None:
        note, count = MigrationRecorder.record_applied, 0

        def counted(self: MigrationRecorder, app: str, name: str) -> None:
            nonlocal count
            count += 1
            if count == number:
                die()
            note(self, app, name)

        MigrationRecorder.record_applied = counted  # type: ignore[method-assign]

    return prepare


def before_the_end() -> None:
    """Die when all migrations are committed and the triggers are not back yet."""
    command.emit_post_migrate_signal = die  # type: ignore[attr-defined]


POINTS = {"before": before(4), "inside": inside(9), "later": inside(20), "at the end": before_the_end}


def in_a_fork(act: Callable[[], None], *, killed_after: float | None = None) -> int:
    """Run it in a process of its own; its exit code, negative for a signal."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            act()
            code = 0
        except Exception:
            traceback.print_exc()
        connections.close_all()
        os._exit(code)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def findings() -> list[str]:
    """Why nothing may start now."""
    from consilium.start import serious_findings

    found = sorted({str(message.id) for message in serious_findings()})
    connections.close_all()
    return found


def at_points() -> dict[str, list[str]]:
    said = {}
    for name, prepare in POINTS.items():

        def half(prepare: Callable[[], None] = prepare) -> None:
            prepare()
            migrate()

        assert in_a_fork(half) == -signal.SIGKILL, name
        said[name] = findings()
    assert in_a_fork(migrate) == 0
    said["whole"] = findings()
    with later_version():
        assert in_a_fork(migrate) == 0
    said["newer"] = findings()
    return said


def at_any_moment(seeds: list[int]) -> dict[str, list[str]]:
    said = {}
    for seed in seeds:
        in_a_fork(migrate, killed_after=random.Random(seed).uniform(0.1, LONGEST))
        said[str(seed)] = findings()
        in_a_fork(lambda: migrate("work", "zero"))
    assert in_a_fork(migrate) == 0
    said["whole"] = findings()
    return said


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    seeds = [int(word) for word in sys.argv[1:]]
    sys.stdout.write(json.dumps(at_any_moment(seeds) if seeds else at_points()))
