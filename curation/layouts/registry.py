"""The layouts that an export can have; the app that owns a layout registers it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from consilium.refusals import Refused
from curation.layouts.reader import ReleaseReader

Tell = Callable[[int, int], None]  # rows written, rows in all; may raise to stop


class NothingFits(Refused):
    """A layout that can hold none of a release's rows; the text counts the reasons."""


@dataclass(frozen=True, slots=True)
class Config:
    """One table that a program loads by name: its files (a pattern), rows and the bytes they take."""

    name: str
    split: str
    pattern: str
    rows: int
    size: int


@dataclass(slots=True)
class Written:
    """What a layout wrote: tables by name, how files are to be read, what it had to leave out and why."""

    configs: list[Config] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def check_any(self, rows: int) -> None:
        """Raise NothingFits where all of the release's rows were left out."""
        if rows and sum(self.left_out.values()) >= rows:
            reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(self.left_out.items()))
            raise NothingFits(f"No row of the release fits this layout. Left out: {reasons}.")

    def leave(self, reason: str) -> None:
        """Count one row that this layout cannot hold."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout. `write` puts its files into an empty folder; the same release gives the same bytes."""

    name: str
    label: str
    meaning: str
    kinds: frozenset[str]
    write: Callable[[ReleaseReader, Path, Tell], Written]


_layouts: dict[str, Layout] = {}


def register(layout: Layout) -> None:
    """Make a layout known; another one under the same name is a programming error."""
    if _layouts.setdefault(layout.name, layout) != layout:
        raise ValueError(f"Two layouts are named {layout.name}.")


def known(kind: str = "") -> list[Layout]:
    """All layouts, or those that hold a kind of release, in the order of registration."""
    return [layout for layout in _layouts.values() if not kind or kind in layout.kinds]


def layout_label(name: str) -> str:
    """The label of a layout; its name where this version does not know it."""
    layout = _layouts.get(name)
    return layout.label if layout else name


def find(name: str, kinds: Collection[str] = ()) -> Layout:
    """The layout of a name. Raises LookupError, also where it holds none of `kinds`."""
    layout = _layouts[name]
    if kinds and not layout.kinds.intersection(kinds):
        raise LookupError(name)
    return layout
