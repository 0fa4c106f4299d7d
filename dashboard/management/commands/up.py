"""`manage.py up`: checks, database, static files, first content, then web and workers until Ctrl-C."""

import fcntl
import json
import os
import socket
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import DatabaseError, ProgrammingError, connections

from consilium import start
from consilium.audit.protection import other_checks
from consilium.database_version import unapplied_migrations
from consilium.gpu_sets import ANY_GPU, OWN
from consilium.jobs.queue_names import AT_ONCE
from dashboard.supervisor import command_lines, web_address
from dashboard.supervisor.command_lines import GPU_JOBS
from dashboard.supervisor.process_tree import Supervisor

DEFAULT_PORT = 8000
NO_GPU_WORKER = (
    "No gpu worker is started, as these are not installed here: {missing} (pip install -r requirements.txt); "
    "training, questions to models and a new demo study wait until a worker with them runs."
)


class Command(BaseCommand):
    help = "Run everything: checks, migrate, static files, web process and workers. Ctrl-C stops all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="make the demo study first, if it is not there"
        )
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument(
            "--reload", action="store_true", help="start the web process anew when code changes"
        )
        parser.add_argument("--json", action="store_true", help='print {"url": ...} when it answers')

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEBUG and not web_address.is_loopback(options["host"]):
            text = "Debugging is on: unset CONSILIUM_DEBUG, or let only this machine connect (no --host)."
            raise CommandError(text, returncode=2)
        with (
            only_one(Path(settings.CONSILIUM_HOME)),
            web_address.listen(options["host"], options["port"]) as listener,
        ):
            prepare(demo=options["demo"], as_json=options["json"])
            connections.close_all()
            missing = command_lines.missing_model_libraries()
            if missing:
                self.stderr.write(NO_GPU_WORKER.format(missing=", ".join(missing)))
            for name in ("DATABASE_OWNER_URL", "DATABASE_READER_URL"):  # not for web and workers
                os.environ.pop(name, None)
            supervisor = make_tree(listener, reload=options["reload"], with_gpu=not missing)
            supervisor.run(self._announcing(listener, as_json=options["json"]))
        if supervisor.refused:
            text = f"The {supervisor.refused} does not start, for the reason above; all else was stopped."
            raise CommandError(text, returncode=2)
        self._say("" if options["json"] else "Stopped; nothing runs any more. All data is kept.")

    def _announcing(self, listener: socket.socket, *, as_json: bool) -> Any:
        url, told = web_address.listening_url(listener), False

        def announce() -> None:
            nonlocal told
            if not told and web_address.answers(listener):
                told = True
                self._say(
                    json.dumps({"url": url}) if as_json else f"Consilium runs at {url}   (Ctrl-C stops it)"
                )

        return announce

    def _say(self, text: str) -> None:
        if text:
            self.stdout.write(text)
            self.stdout.flush()


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the data folder's lock. Raises CommandError when another `up` holds it."""
    with (home / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                "Consilium already runs on this data folder. Stop it, or set CONSILIUM_HOME to another one.",
                returncode=2,
            ) from None
        yield


def prepare(*, demo: bool, as_json: bool) -> None:
    """Checks (the doctor), static files, database and first content.

    Raises CommandError with a line for each reason why nothing may start.
    """
    tags = _tags_of_checks()
    try:
        call_command("check", databases=list(connections), fail_level="ERROR", tags=tags)
    except SystemCheckError:
        reasons = "\n".join(map(start.in_words, start.serious_findings(tags)))
        raise CommandError(f"Consilium does not start: {reasons}", returncode=2) from None
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("setup", demo=demo, background=True, json=as_json)


def _tags_of_checks() -> list[str] | None:
    """None for all; while `setup` has something to migrate or to grant, not those that say so."""
    try:
        return other_checks() if unapplied_migrations() else None
    except ProgrammingError:  # the role has no rights yet
        return other_checks()
    except DatabaseError:  # the checks tell
        return None


def make_tree(listener: socket.socket, *, reload: bool = False, with_gpu: bool = True) -> Supervisor:
    """The web process, a worker and, `with_gpu`, one for the GPUs or one for each set of them."""
    supervisor = Supervisor()
    folder, web_fd = settings.BASE_DIR, listener.fileno()
    supervisor.add("web", command_lines.web(web_fd, reload=reload), folder=folder, pass_fds=(web_fd,))
    supervisor.add("worker", command_lines.worker(*AT_ONCE, jobs=sum(AT_ONCE.values())), folder=folder)
    if with_gpu and not settings.GPU_SETS:
        supervisor.add("gpu worker", command_lines.worker(ANY_GPU, jobs=GPU_JOBS), folder=folder)
    for one in settings.GPU_SETS if with_gpu else ():
        supervisor.add(
            f"gpu worker {one.name}",
            command_lines.worker(ANY_GPU, one.queue, jobs=GPU_JOBS),
            folder=folder,
            environment={OWN: one.name},
        )
    return supervisor
