"""The kinds of release that a page or `manage.py freeze` can make; the app that owns a kind registers it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consilium.people.models import Study
    from curation.models import Release
    from curation.releases.contents import Gathered, NewRow


@dataclass(frozen=True, slots=True)
class Freezer:
    """One kind of release: `freeze(study=, name=, by=, derived_from=)` gathers its rows and makes it.

    `rows(study, gathered)` gives them alone and tells `gathered` what stays out; `count(study)`: how many
    they are at most; `place`: the page of an object that becomes a row; `agreement(study)`: how far its
    readers agree, one entry per dimension; `makes`: the kind of the release, where it is not called like the
    freezer.
    """

    kind: str
    label: str
    meaning: str
    freeze: "Callable[..., Release]"
    rows: "Callable[[Study, Gathered], Iterator[NewRow]]"
    count: "Callable[[Study], int]"
    place: str
    agreement: "Callable[[Study], list[dict[str, Any]]] | None" = None
    makes: str = ""


_freezers: dict[str, Freezer] = {}


def register(freezer: Freezer) -> None:
    """Make a kind known; another one under the same name is a programming error."""
    if _freezers.setdefault(freezer.kind, freezer) != freezer:
        raise ValueError(f"Two freezers make {freezer.kind}.")


def known() -> list[Freezer]:
    """All registered freezers in the order of registration."""
    return list(_freezers.values())


def kind_made(name: str) -> str:
    """The kind of release that the freezer of a name makes; a name without a freezer is a kind."""
    freezer = _freezers.get(name)
    return freezer.makes or freezer.kind if freezer else name


def find(kind: str) -> Freezer:
    """The freezer of a kind. Raises LookupError."""
    return _freezers[kind]
