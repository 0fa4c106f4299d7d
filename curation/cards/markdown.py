"""Markdown of cards: what people wrote is shown as it is, whatever a renderer lets through. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Undefined

MARKS: Final = re.compile(r"([\\`*_\[\]<>#&!|~$])")  # that begin markup, a link or an entity
ESCAPED: Final = re.compile(r"\\([\\`*_\[\]<>#&!|~$])")
HEAD: Final = re.compile(r"---\n.*?^---\n", re.DOTALL | re.MULTILINE)
# Of a line of YAML: the key, and with it a bare number, which is a size and could look like a record's.
KEY: Final = re.compile(r"^[ -]*[\w-]+:(?: ?\d*$| )", re.MULTILINE)
# Names of the vocabulary that lack a word.
SPOKEN: Final = {"brain_senses": "brain and senses", "oncology_surgery": "oncology and surgery"}
STAYS: Final = "\N{NO-BREAK SPACE}"
NONE: Final = "\N{EN DASH}"


def as_text(written: object) -> str:
    """What somebody wrote, on one line and shown as it is."""
    return MARKS.sub(r"\\\1", " ".join(str(written).split()))


def as_read(card: str) -> str:
    """A card's text as its reader sees it: without the backslashes of `as_text` and the keys of its YAML."""
    head = HEAD.match(card)
    values, body = (KEY.sub("", head.group()), card[head.end() :]) if head else ("", card)
    return values + ESCAPED.sub(r"\1", body)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table; numbers stand right. Cells are Markdown, so what people wrote comes `as_text`."""
    kept = [[str(cell) for cell in row] for row in rows]
    figures = [bool(kept) and all(_is_figure(row[at]) for row in kept) for at in range(len(head))]
    rule = ["---:" if is_figure else "---" for is_figure in figures]
    return [_row(head), _row(rule), *map(_row, kept), ""]


def as_percent(share: float) -> str:
    """A share as percent with one digit."""
    return f"{100 * share:.1f} %"


def share_of(part: int, whole: int) -> str:
    """A number with its share of the whole."""
    return f"{part:,} ({as_percent(part / whole)})" if whole else f"{part:,}"


def figure_of(estimate: Estimate) -> str:
    """A value with its interval; a dash where there is none."""
    value, interval = estimate.value, estimate.interval
    if isinstance(value, Undefined):
        return NONE
    told = f"{value:.2f}"
    if isinstance(interval, Undefined):
        return told
    return f"{told}{STAYS}[{interval.low:.2f},{STAYS}{interval.high:.2f}]"


def word_of(name: str) -> str:
    """A name of the vocabulary as a person reads it; what has none is said to have none."""
    return as_text(spoken(name)) if name else "not given"


def spoken(name: str) -> str:
    """A name of the vocabulary in plain text."""
    return SPOKEN.get(name, name).replace("_", " ").capitalize()


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_figure(cell: str) -> bool:
    return bool(re.match(r"[+-]?\d|\N{EN DASH}", cell))
