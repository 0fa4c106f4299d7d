"""What keeps a process from starting, in one place for the web process, the workers and `up`.

The doctor's checks find what is wrong (Django's registry; gunicorn and Celery do not run it themselves).
Each finding is one line for the operator: what is wrong, what to do; never a traceback.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.core import checks
from django.db import connections

from consilium.environment import EnvironmentRefused

# Nothing of this heals by another start: `up` ends, and so does gunicorn when a worker leaves with 4 (its own
# "app failed to load"). Several workers that leave so at once make it print a traceback: use --preload.
REFUSED = 4
# A database that is away comes back: who restarts this process may do so, but not in a tight loop.
AWAY = 1
AWAY_SECONDS = 2.0
DATABASE_AWAY = "consilium.E030"


def serious_findings(tags: Sequence[str] | None = None) -> list[checks.CheckMessage]:
    """Errors of the system checks, the database's included; `tags`: of those checks only."""
    found = checks.run_checks(tags=tags, databases=list(connections))
    return [message for message in found if message.is_serious()]


def in_words(message: checks.CheckMessage) -> str:
    """A finding on one line: what is wrong, what to do."""
    return " ".join(f"{message.msg} {message.hint or ''}".split())


def refuse_a_wrong_start(what: str) -> None:
    """End this process (`what`: "web process") with a line for each reason why it must not start."""
    found = serious_findings()
    if not found:
        return
    is_away = any(message.id == DATABASE_AWAY for message in found)
    _say(what, map(in_words, found))
    if is_away:
        time.sleep(AWAY_SECONDS)
    raise SystemExit(AWAY if is_away else REFUSED)


@contextmanager
def readable_environment(what: str) -> Iterator[None]:
    """Around what reads the settings first: a setting that cannot be used ends the process with a line."""
    try:
        yield
    except EnvironmentRefused as refusal:
        _say(what, [str(refusal)])
        raise SystemExit(REFUSED) from None


def _say(what: str, reasons: Iterable[str]) -> None:
    for reason in reasons:
        sys.stderr.write(f"The {what} does not start: {reason}\n")
    sys.stderr.flush()
