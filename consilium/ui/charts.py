"""Charts drawn by the server: SVG without script or style attributes, with the numbers as a table.

Colours, dashes and fonts are classes of static/css/charts.css. `line_chart` shows how a figure moves over
steps; `interval_chart` shows estimates with their intervals, one row each; `heat_map` shows rows of shares;
`reliability_chart` shows what was stated against what was seen.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH = 720  # viewBox units; text keeps its size when the figure is about this many pixels wide
HALF_WIDTH = 460  # for a chart in half a page
SERIES_COLOURS = 6
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 10, 34
_ROW = 28
_CELL = 22
_FAINT, _STRONG = 0.04, 0.5  # opacity of a cell; text over the strongest one keeps its contrast


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of (x, y) points, x ascending; points whose y is not finite leave a gap."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class PlottedEstimate:
    """A named value with its interval, all on one scale. `low`/`high` None: no interval is known."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """What was stated and what was seen, on one scale, of so many items."""

    stated: float
    seen: float
    items: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps numbers of [start, end] onto pixels of [first, last]."""

    start: float
    end: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """Pixel position, rounded to a tenth so that the page stays small."""
        share = (value - self.start) / (self.end - self.start)
        return round(self.first + share * (self.last - self.first), 1)


def ticks(low: float, high: float, wanted: int = 5, *, least: float = 0.0) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart, at least `least`) that cover [low, high].

    A span of zero is widened so that there are always at least two.
    """
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = max((high - low) / max(wanted, 1), least)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def shown_number(value: float) -> str:
    """A figure as people read it: at most four significant digits, no exponent below a million."""
    sign, size = "\N{MINUS SIGN}" if value < 0 else "", abs(value)
    if 0 < size < 0.001:
        return f"{sign}{size:.1e}"
    return f"{sign}{size:,.0f}" if size >= 1000 else f"{sign}{size:.4g}"


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    height: int = 240,
    width: int = WIDTH,
    table: bool = True,
    reach: tuple[float | None, float | None] = (None, None),
    floor: float = 0.0,
) -> SafeString:
    """A figure with one line per series over shared axes; a sentence instead when there is no point yet.

    `reach`: x and y up to which the axes go, from zero, whatever has been seen, so that nothing jumps while
    points come in; None: as far as the points. `floor`: where a y axis with a reach begins.
    """
    clean = [Series(one.name, [(x, y) for x, y in one.points if math.isfinite(y)]) for one in series]
    points = [point for one in clean for point in one.points]
    if not points:
        return _nothing(title)
    # No marks between whole numbers, such as steps.
    least = 1.0 if all(float(x).is_integer() for x, _ in points) else 0.0
    x_low, x_high = _ends([x for x, _ in points], reach[0])
    x_ticks = ticks(x_low, x_high, 6, least=least)
    y_ticks = ticks(*_ends([y for _, y in points], reach[1], floor), 4)
    x_scale = Scale(x_low, max(x_ticks[-1], x_low + 1e-9), _LEFT, width - _RIGHT)
    y_scale = Scale(y_ticks[0], y_ticks[-1], height - _BOTTOM, _TOP)
    shown_x_ticks = [tick for tick in x_ticks if tick >= x_scale.start]
    drawing = _join(
        _rows_grid(y_ticks, y_scale, width),
        _columns_axis(shown_x_ticks, x_scale, height, x_label),
        *(_line(index, one, x_scale, y_scale) for index, one in enumerate(series, start=1)),
    )
    ends = "; ".join(
        f"{one.name}: {shown_number(one.points[0][1])} to {shown_number(one.points[-1][1])}"
        for one in clean
        if one.points
    )
    svg = _svg(drawing, (width, height), title, f"{y_label} over {x_label}. {ends}.")
    return _figure(
        svg, title, y_label, [one.name for one in clean], _line_table(clean, x_label) if table else None
    )


def _ends(values: Sequence[float], reach: float | None, floor: float = 0.0) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if reach is None else (min(floor, low), max(reach, high))


def interval_chart(
    estimates: Sequence[PlottedEstimate],
    *,
    title: str,
    x_label: str,
    low: float = 0.0,
    high: float = 1.0,
    reference: float | None = None,
    width: int = WIDTH,
    show: Callable[[float], str] = shown_number,
) -> SafeString:
    """A figure with one row per estimate: a dot on its interval, and the figure itself at the right.

    `reference` draws a dashed line (chance, a baseline). The scale runs from `low` to `high`, and further
    where an interval does. A narrow chart leaves the interval's ends to the table and the description.
    """
    if not estimates:
        return _nothing(title)
    told = [_with_interval(one, show) if width >= WIDTH else show(one.value) for one in estimates]
    names = [_shorten(one.name) for one in estimates]
    height = _TOP + _ROW * len(estimates) + _BOTTOM
    marks = ticks(*_reach(estimates, low, high), 5)
    scale = Scale(marks[0], marks[-1], _text_width(names) + 12, width - _text_width(told) - 16)
    drawing = _join(
        _columns_axis(marks, scale, height, x_label, grid=True),
        _reference(reference, scale, height),
        *(_estimate(index, one, scale, told[index]) for index, one in enumerate(estimates)),
    )
    said = "; ".join(f"{one.name} {_with_interval(one, show)}" for one in estimates)
    svg = _svg(drawing, (width, height), title, f"{x_label}. {said}.")
    return _figure(svg, title, "", [], _estimate_table(estimates, x_label, show))


def reliability_chart(
    points: Sequence[ReliabilityPoint],
    *,
    title: str,
    x_label: str,
    y_label: str,
    low: float = 0.0,
    high: float = 100.0,
    width: int = HALF_WIDTH,
    height: int = 280,
) -> SafeString:
    """A figure with a dot for each group of items, larger for more of them, about the dashed line on which
    what was stated is what was seen. Stated goes from `low` to `high`, seen from 0 to `high`.
    """
    if not points:
        return _nothing(title)
    x_scale = Scale(low, high, _LEFT, width - _RIGHT)
    y_scale = Scale(0, high, height - _BOTTOM, _TOP)
    most = max(one.items for one in points)
    dots = (
        (x_scale(one.stated), y_scale(one.seen), round(3 + 6 * math.sqrt(one.items / most), 1))
        for one in points
    )
    drawing = _join(
        _rows_grid(ticks(0, high, 5), y_scale, width),
        _columns_axis(ticks(low, high, 5), x_scale, height, x_label),
        format_html(
            '<line class="chart-reference" x1="{}" y1="{}" x2="{}" y2="{}"/>',
            x_scale(low), y_scale(low), x_scale(high), y_scale(high),
        ),
        format_html_join("", '<circle class="chart-dot series-1" cx="{}" cy="{}" r="{}"/>', dots),
    )  # fmt: skip
    texts = [[shown_number(round(v, 1)) for v in (one.stated, one.seen, one.items)] for one in points]
    said = "; ".join(f"{stated}: {seen}, {items} items" for stated, seen, items in texts)
    svg = _svg(drawing, (width, height), title, f"{y_label} over {x_label}. {said}.")
    return _figure(svg, title, y_label, [], _table([x_label, y_label, "items"], texts))


def heat_map(
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float | None]]],
    *,
    title: str,
    note: str = "",
    ends: tuple[float, float] = (0.0, 1.0),
    width: int = HALF_WIDTH,
    show: Callable[[float], str] = shown_number,
) -> SafeString:
    """A figure with a named row of cells each, the stronger the nearer to the upper end of `ends`.

    Every cell holds its figure, so colour tells nothing alone; None is an empty cell.
    """
    if not rows or not columns:
        return _nothing(title)
    left = _text_width([_shorten(name, 18) for name, _ in rows]) + 8
    wide = (width - left) / len(columns)
    drawing = _join(
        format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (round(left + wide * (place + 0.5), 1), 12, _shorten(name, max(2, int(wide / 7.4))))
                for place, name in enumerate(columns)
            ),
        ),
        *(
            _heat_row(name, values, 18 + _CELL * place, (left, wide), ends, show)
            for place, (name, values) in enumerate(rows)
        ),
    )
    known = [value for _, values in rows for value in values if value is not None]
    reach = f"{show(min(known))} to {show(max(known))}" if known else "no figure"
    said = f"{len(rows)} rows, {len(columns)} columns, {reach}. The table holds every figure."
    svg = _svg(drawing, (width, 20 + _CELL * len(rows)), title, said)
    texts = [[name, *("" if value is None else show(value) for value in values)] for name, values in rows]
    return _figure(svg, title, note, [], _table(["", *columns], texts))


def _heat_row(
    name: str,
    values: Sequence[float | None],
    top: float,
    columns: tuple[float, float],
    ends: tuple[float, float],
    show: Callable[[float], str],
) -> SafeString:
    left, wide = columns
    label = format_html(
        '<text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>',
        left - 8, top + 15, _shorten(name, 18),
    )  # fmt: skip
    cells = (
        (
            round(left + wide * place, 1), top, round(wide - 1, 1), _CELL - 1, _opacity(value, ends),
            round(left + wide * (place + 0.5), 1), top + 15, show(value),
        )
        for place, value in enumerate(values)
        if value is not None
    )  # fmt: skip
    drawn = format_html_join(
        "",
        '<rect class="chart-cell" x="{}" y="{}" width="{}" height="{}" fill-opacity="{}"/>'
        '<text class="chart-label" x="{}" y="{}" text-anchor="middle">{}</text>',
        cells,
    )
    return _join(label, drawn)


def _opacity(value: float, ends: tuple[float, float]) -> float:
    share = min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))
    return round(_FAINT + (_STRONG - _FAINT) * share, 2)


def _reach(estimates: Sequence[PlottedEstimate], low: float, high: float) -> tuple[float, float]:
    known = [v for one in estimates for v in (one.value, one.low, one.high) if v is not None]
    return min(low, *known), max(high, *known)


def _join(*parts: SafeString) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - every part was made by format_html


def _svg(drawing: SafeString, size: tuple[float, float], title: str, description: str) -> SafeString:
    mark = "chart-" + hashlib.blake2s((title + description).encode(), digest_size=4).hexdigest()
    return format_html(
        '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-labelledby="{m}-title {m}-desc">'
        '<title id="{m}-title">{t}</title><desc id="{m}-desc">{d}</desc>{drawing}</svg>',
        w=size[0], h=size[1], m=mark, t=title, d=description, drawing=drawing,
    )  # fmt: skip


def _rows_grid(values: Sequence[float], scale: Scale, width: int) -> SafeString:
    rows = (
        (_LEFT, scale(v), width - _RIGHT, scale(v), _LEFT - 8, scale(v) + 4, shown_number(v)) for v in values
    )
    return format_html_join(
        "",
        '<line class="chart-grid" x1="{}" y1="{}" x2="{}" y2="{}"/>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )


def _columns_axis(
    values: Sequence[float], scale: Scale, height: float, label: str, *, grid: bool = False
) -> SafeString:
    base = height - _BOTTOM
    top = _TOP if grid else base
    marks = format_html_join(
        "",
        '<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (
                "chart-grid" if grid else "chart-axis",
                scale(v),
                top,
                scale(v),
                base + 4,
                scale(v),
                base + 16,
                shown_number(v),
            )
            for v in values
        ),
    )
    return format_html(
        '<line class="chart-axis" x1="{}" y1="{}" x2="{}" y2="{}"/>{}'
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        scale.first, base, scale.last, base, marks, (scale.first + scale.last) / 2, height - 5, label,
    )  # fmt: skip


def _line(index: int, series: Series, x_scale: Scale, y_scale: Scale) -> SafeString:
    runs: list[list[str]] = [[]]
    for x, y in series.points:
        if math.isfinite(y):
            runs[-1].append(f"{x_scale(x)},{y_scale(y)}")
        elif runs[-1]:
            runs.append([])
    paths = ["M" + " L".join(run if len(run) > 1 else run * 2) for run in runs if run]
    return format_html('<path class="chart-line series-{}" d="{}"/>', _colour(index), " ".join(paths))


def _colour(index: int) -> int:
    return (index - 1) % SERIES_COLOURS + 1


def _reference(value: float | None, scale: Scale, height: float) -> SafeString:
    if value is None:
        return SafeString("")
    x = scale(value)
    return format_html(
        '<line class="chart-reference" x1="{}" y1="{}" x2="{}" y2="{}"/>', x, _TOP, x, height - _BOTTOM
    )


def _estimate(index: int, one: PlottedEstimate, scale: Scale, told: str) -> SafeString:
    y = _TOP + _ROW * index + _ROW / 2
    bar = SafeString("")
    if one.low is not None and one.high is not None:
        bar = format_html(
            '<line class="chart-interval series-1" x1="{}" y1="{}" x2="{}" y2="{}"/>',
            scale(one.low), y, scale(one.high), y,
        )  # fmt: skip
    return format_html(
        '<text class="chart-label" x="{}" y="{}" text-anchor="end">{}</text>{}'
        '<circle class="chart-dot series-1" cx="{}" cy="{}" r="5"/>'
        '<text class="chart-label" x="{}" y="{}">{}</text>',
        scale.first - 12, y + 4, _shorten(one.name), bar, scale(one.value), y, scale.last + 12, y + 4, told,
    )  # fmt: skip


def _text_width(texts: Sequence[str]) -> float:
    """Room for 12 px text in a wide system font; the server cannot measure the reader's own."""
    return 7.4 * max(map(len, texts))


def _shorten(name: str, longest: int = 27) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _with_interval(one: PlottedEstimate, show: Callable[[float], str]) -> str:
    if one.low is None or one.high is None:
        return show(one.value)
    return f"{show(one.value)} ({show(one.low)} to {show(one.high)})"


def _figure(
    svg: SafeString, title: str, note: str, names: Sequence[str], table: SafeString | None
) -> SafeString:
    keys = format_html_join(
        "",
        '<span class="chart-key"><svg viewBox="0 0 20 8" aria-hidden="true">'
        '<path class="chart-line series-{}" d="M1,4 L19,4"/></svg>{}</span>',
        ((_colour(index), name) for index, name in enumerate(names, start=1)),
    )
    numbers = SafeString("")
    if table is not None:
        numbers = format_html(
            '<details><summary>Numbers</summary><div class="table-wrap" tabindex="0">{}</div></details>',
            table,
        )
    return format_html(
        '<figure class="chart"><figcaption><span class="chart-title">{}</span>{}{}</figcaption>{}{}</figure>',
        title, format_html("<span>{}</span>", note) if note else "", keys, svg, numbers,
    )  # fmt: skip


def _line_table(series: Sequence[Series], x_label: str) -> SafeString:
    columns = [dict(one.points) for one in series]
    head = [x_label, *(one.name for one in series)]
    rows = [
        [shown_number(x), *(shown_number(column[x]) if x in column else "" for column in columns)]
        for x in sorted({x for column in columns for x in column})
    ]
    return _table(head, rows)


def _estimate_table(
    estimates: Sequence[PlottedEstimate], label: str, show: Callable[[float], str]
) -> SafeString:
    def bound(value: float | None) -> str:
        return "" if value is None else show(value)

    rows = [[one.name, show(one.value), bound(one.low), bound(one.high), one.note] for one in estimates]
    return _table(["", label, "Interval from", "to", "Note"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> SafeString:
    def cells(tag: str, texts: Sequence[str]) -> SafeString:
        marked = ((tag, "" if index == 0 else "number", text, tag) for index, text in enumerate(texts))
        return format_html_join("", '<{} class="{}">{}</{}>', marked)

    body = format_html_join("", "<tr>{}</tr>", ((cells("td", row),) for row in rows))
    return format_html(
        '<table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', cells("th", head), body
    )


def _nothing(title: str) -> SafeString:
    return format_html(
        '<figure class="chart"><figcaption><span class="chart-title">{}</span></figcaption>'
        '<p class="muted">Nothing to draw yet.</p></figure>',
        title,
    )
