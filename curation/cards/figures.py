"""Figures that lie beside a card: SVG files that need nothing else and are readable on light and dark. Pure.

Each draws its own ground, because a page shows them as pictures and its theme does not reach inside them.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

WIDTH: Final = 720
LEFT, RIGHT, TOP, ROW, FOOT = 190, 96, 58, 26, 34
STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#334155}.title{font-size:14px;font-weight:600;fill:#0f172a}"
    ".ground{fill:#ffffff}.grid{stroke:#d5dbe3}.one{fill:#1d5fc2;stroke:#1d5fc2}"
    ".two{fill:#c2570c;stroke:#c2570c}.three{fill:#64748b;stroke:#64748b}.in{fill:#ffffff}.end{text-anchor:end}"
    ".mid{text-anchor:middle}"
    "@media (prefers-color-scheme:dark){text{fill:#cbd5e1}.title{fill:#f1f5f9}.ground{fill:#111827}"
    ".grid{stroke:#374151}.one{fill:#7fb2ff;stroke:#7fb2ff}.two{fill:#fdba74;stroke:#fdba74}"
    ".three{fill:#94a3b8;stroke:#94a3b8}.in{fill:#111827}}"
)
COLOURS: Final = ("one", "two", "three")
LONGEST: Final = 27


def bars_svg(title: str, parts: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> str:
    """Horizontal bars, one row each, made of up to three parts; the row's total stands behind it."""
    most = max((sum(numbers) for _, numbers in rows), default=0) or 1
    room = WIDTH - LEFT - RIGHT
    drawn = [] if len(parts) < 2 else [_key(parts)]
    for at, (label, numbers) in enumerate(rows):
        y, x = TOP + at * ROW, float(LEFT)
        drawn.append(_text(LEFT - 10, y + 15, _shorten(label), "end"))
        for colour, number in zip(COLOURS, numbers, strict=False):
            width = round(room * number / most, 1)
            if number:
                drawn.append(
                    f'<rect class="{colour}" x="{x:g}" y="{y + 2}" width="{width:g}" height="{ROW - 6}"/>'
                )
            if len(parts) > 1 and width > 9 * len(f"{number:,}"):
                drawn.append(_text(x + width / 2, y + 16, f"{number:,}", "mid in"))
            x = round(x + width, 1)
        drawn.append(_text(x + 8, y + 15, f"{sum(numbers):,}"))
    told = "; ".join(
        f"{label}: " + ", ".join(f"{number:,} {part}" for part, number in zip(parts, numbers, strict=True))
        for label, numbers in rows
    )
    return _svg(title, told, drawn, TOP + ROW * len(rows) + 14)


def intervals_svg(
    title: str, scale: str, rows: Sequence[tuple[str, float, tuple[float, float] | None]]
) -> str:
    """A dot on its interval for each row, on a scale from 0 (or the lowest end) to 1."""
    lows = [ends[0] if ends else value for _, value, ends in rows]
    low = min([0.0, *lows])
    room = WIDTH - LEFT - RIGHT - 60

    def place(value: float) -> float:
        return round(LEFT + room * (value - low) / (1 - low), 1)

    bottom = TOP + ROW * len(rows)
    drawn = [
        f'<line class="grid" x1="{place(mark):g}" y1="{TOP - 4}" x2="{place(mark):g}" y2="{bottom}"/>'
        + _text(place(mark), bottom + 16, f"{mark:g}", "mid")
        for mark in (*([round(low, 2)] if low < 0 else []), 0, 0.25, 0.5, 0.75, 1)
    ]
    drawn.append(_text(place(0.5), bottom + 32, scale, "mid"))
    for at, (label, value, ends) in enumerate(rows):
        y = TOP + at * ROW + 11
        drawn.append(_text(LEFT - 10, y + 4, _shorten(label), "end"))
        if ends:
            first, last = map(place, ends)
            drawn.append(
                f'<line class="one" stroke-width="3" stroke-opacity="0.5" x1="{first:g}" y1="{y}"'
                f' x2="{last:g}" y2="{y}"/>'
            )
        drawn.append(f'<circle class="one" cx="{place(value):g}" cy="{y}" r="5"/>')
        drawn.append(_text(place(1) + 14, y + 4, _told(value, ends)))
    told = "; ".join(f"{label}: {_told(value, ends)}" for label, value, ends in rows)
    return _svg(title, f"{scale}. {told}", drawn, bottom + FOOT + 8)


def _svg(title: str, told: str, drawn: Sequence[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img"><title>{escape(title)}</title><desc>{escape(told)}.</desc>'
        f'<style>{STYLE}</style><rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>'
        + _text(16, 24, title, "title")
        + "".join(drawn)
        + "</svg>\n"
    )


def _key(parts: Sequence[str]) -> str:
    drawn, x = "", 16.0
    for colour, part in zip(COLOURS, parts, strict=False):
        drawn += f'<rect class="{colour}" x="{x:g}" y="36" width="10" height="10"/>'
        drawn += _text(x + 15, 45, part)
        x += 34 + 7.4 * len(part)
    return drawn


def _text(x: float, y: float, said: str, look: str = "") -> str:
    marked = f' class="{look}"' if look else ""
    return f'<text{marked} x="{x:g}" y="{y:g}">{escape(said)}</text>'


def _told(value: float, ends: tuple[float, float] | None) -> str:
    return f"{value:.2f}" + (f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else "")


def _shorten(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
