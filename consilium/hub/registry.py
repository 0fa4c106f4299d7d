"""What can be pushed: each app registers its kinds, and how a content becomes a finished folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consilium.jobs.handle import JobHandle
    from consilium.people.models import Person, Study


@dataclass(frozen=True, slots=True)
class Content:
    """One thing that can be pushed: `kind` and `pk` name it, `digest` (64 hex digits) says what it holds.

    `made_by`: the person who may not bring it to the Hub alone, where there is one.
    """

    kind: str
    pk: int
    study: "Study"
    name: str
    digest: str
    page: str
    made_by: int | None = None


@dataclass(frozen=True, slots=True)
class Publishable:
    """One kind of content. `repo_type` is `dataset` or `model`, `kinds` the endings its folder may hold.

    `find(pk)` and `named(digest)` give contents; `named` takes the first digits.
    `check_may_leave(content, by)` raises a Refused when it must not leave now.
    `folder(content, scratch, handle)` gives the folder of finished files that passed their gate: `scratch`
    itself (made by it, the same at every try) or another place, which is left alone.
    """

    name: str
    label: str
    repo_type: str
    kinds: frozenset[str]
    find: "Callable[[int], Content | None]"
    named: "Callable[[str], list[Content]]"
    check_may_leave: "Callable[[Content, Person], Any]"
    folder: "Callable[[Content, Path, JobHandle], Path]"


_kinds: dict[str, Publishable] = {}


def register(publishable: Publishable) -> None:
    """Make a kind known; another one under the same name is a programming error."""
    if _kinds.setdefault(publishable.name, publishable) != publishable:
        raise ValueError(f"Two kinds of content are named {publishable.name}.")


def known() -> list[Publishable]:
    """All registered kinds in the order of registration."""
    return list(_kinds.values())


def find(name: str) -> Publishable:
    """The kind of that name. Raises LookupError."""
    return _kinds[name]
