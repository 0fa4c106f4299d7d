"""The kinds of background work: each app registers its own at start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consilium.jobs.queue_names import DEFAULT
from consilium.people.models import Role

# Gets a `handle.JobHandle`, which stands above this file: the job's row knows its kind by name from here.
Handler = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of background work.

    `handler` is idempotent: it may run again after a lost lease and then goes on where its rows and files
    say it stopped. It returns the JSON result stored on success.
    """

    name: str
    label: str
    handler: Handler
    queue: str = DEFAULT
    max_attempts: int = 3
    roles: frozenset[str] = frozenset({Role.LEAD.value})
    needs_nobody: bool = False


_kinds: dict[str, JobKind] = {}


class UnknownKind(LookupError):
    """A job of a kind that no installed app registered."""


def register(kind: JobKind) -> None:
    """Make a kind known; registering another one under the same name is a programming error."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two job kinds are named {kind.name}.")


def find(name: str) -> JobKind:
    """The kind of that name. Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"No installed app knows the job kind {name!r}.") from None


def known() -> dict[str, JobKind]:
    """All registered kinds by name."""
    return dict(_kinds)
