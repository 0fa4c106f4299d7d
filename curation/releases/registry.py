"""The kinds of release that a page or `manage.py freeze` can make; the app that owns a kind registers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consilium.people.models import Study
    from curation.models import Release


@dataclass(frozen=True, slots=True)
class Freezer:
    """One kind of release: `freeze(study=, name=, by=, derived_from=)` gathers its rows and makes it.

    `count(study)`: how many rows it would have at most, so that a page knows whether to wait for it.
    """

    kind: str
    label: str
    meaning: str
    freeze: "Callable[..., Release]"
    count: "Callable[[Study], int]"


_freezers: dict[str, Freezer] = {}


def register(freezer: Freezer) -> None:
    """Make a kind known; another one under the same name is a programming error."""
    if _freezers.setdefault(freezer.kind, freezer) != freezer:
        raise ValueError(f"Two freezers make {freezer.kind}.")


def known() -> list[Freezer]:
    """All registered freezers in the order of registration."""
    return list(_freezers.values())


def find(kind: str) -> Freezer:
    """The freezer of a kind. Raises LookupError."""
    return _freezers[kind]
