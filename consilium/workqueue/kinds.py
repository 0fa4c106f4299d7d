"""The kinds of human work: the app that owns a kind registers its schema, screen and meaning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consilium.refusals import Refused
from consilium.signatures.models import Meaning

if TYPE_CHECKING:
    from consilium.people.models import Person
    from consilium.workqueue.models import Submission, WorkItem


class InvalidContent(Refused):
    """A submission that its schema refuses; `errors` maps a field to a message for people."""

    status = 422

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors.items()))


Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignedWork:
    """How finished work is signed: the sentence, and what of a projected submission (JSON types)."""

    meaning: Meaning
    content: Callable[["Submission"], Any]


@dataclass(frozen=True, slots=True)
class WorkKind:
    """One kind of human work.

    `validate(item, content, shown)` returns the cleaned content or raises InvalidContent.
    `project(submission)` writes the app's typed rows in the transaction of the submission.
    `shown_for(item, person, others)` decides what this person is shown, e.g. the side order; the claim keeps
    it. `others` is what the other people who ever held the item are shown.
    `screen` is the URL name that shows a claim; it takes `token`.
    `signature`: what a submission that a person sends is signed with, where the kind is signed.
    """

    name: str
    label: str
    schema_version: int
    screen: str
    validate: Callable[["WorkItem", dict[str, Any], dict[str, Any]], dict[str, Any]]
    project: Callable[["Submission"], None]
    shown_for: Callable[["WorkItem", "Person", Sequence[Shown]], Shown]
    signature: SignedWork | None = None


_kinds: dict[str, WorkKind] = {}


def register(kind: WorkKind) -> None:
    """Make a kind known; another one under the same name is a programming error."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two work kinds are named {kind.name}.")


def find(name: str) -> WorkKind:
    """The kind of that name. Raises LookupError for a kind nobody registered."""
    return _kinds[name]


def known() -> dict[str, WorkKind]:
    """All registered kinds by name."""
    return dict(_kinds)
