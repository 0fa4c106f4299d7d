#!/usr/bin/env python
"""Consilium's command line: `python manage.py help` lists the commands."""

import contextlib
import os
import signal
import sys
from types import FrameType

STOPPED = 128 + signal.SIGINT


def main() -> None:
    """Run one management command."""
    if sys.argv[1:2] == ["up"]:
        signal.signal(signal.SIGINT, stop_before_start)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
    os.umask(0o077)  # what commands and their children write is for this user alone
    from consilium import kept_heap

    kept_heap.loading_starts()
    from django.core.management import BaseCommand, ManagementUtility

    from consilium.environment import EnvironmentRefused

    class Utility(ManagementUtility):
        def fetch_command(self, subcommand: str) -> BaseCommand:
            kept_heap.loading_ended()  # the apps are loaded by now
            return super().fetch_command(subcommand)

    try:
        Utility(sys.argv).execute()
    except EnvironmentRefused as refusal:
        sys.stderr.write(f"Configuration: {refusal}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(STOPPED)


def stop_before_start(number: int, frame: FrameType | None) -> None:
    """Ctrl-C before `up` has started anything: end at once, from wherever the process stands.

    An exception would show its traceback out of every import, and may be lost in a destructor. There are no
    children yet, and the database takes back what was not committed.
    """
    with contextlib.suppress(OSError, RuntimeError):  # gone, or in the middle of writing
        sys.stdout.flush()
    os.write(2, b"Stopped before anything was started. Start again; it continues.\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
