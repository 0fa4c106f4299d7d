"""What the product promises about its speed, and whether the figures of a run keep it. Pure.

A measurement printed JSON lines; a `Pick` finds one number in them. A promise compares ours, or the ratio of
ours to a peer's, with a limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

# Measurement to the lines that it printed.
Lines: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]

MISSING = "not installed"
FAILED = "not measured"


@dataclass(frozen=True, slots=True)
class Pick:
    """A number in a measurement's lines: down the dotted `path` of the first line that holds `where`, or the
    sum over all such lines (`is_sum`).
    """

    measurement: str
    path: str
    where: tuple[tuple[str, Any], ...] = ()
    is_sum: bool = False

    def of(self, lines: Lines) -> float | None:
        """The number; None where nothing was measured."""
        found = [
            _down(line, self.path.split("."))
            for line in lines.get(self.measurement, ())
            if all(line.get(name) == value for name, value in self.where)
        ]
        if self.is_sum:
            numbers = [number for number in found if number is not None]
            return sum(numbers) if numbers else None
        return next(iter(found), None)


@dataclass(frozen=True, slots=True)
class Promise:
    """`ours` is at most (`is_least`: at least) `limit`, or `limit` times `beside` where `is_ratio`."""

    says: str
    unit: str
    limit: float
    ours: Pick
    beside: Pick | None = None
    is_ratio: bool = False
    is_least: bool = False

    @property
    def goal(self) -> str:
        """The limit in words."""
        return f"{'>=' if self.is_least else '<='} {self.limit:g} {'x' if self.is_ratio else self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One promise as a run found it; `holds` is None where it cannot be said, and `why` says why."""

    says: str
    unit: str
    goal: str
    ours: float | None
    beside: float | None
    ratio: float | None
    holds: bool | None
    why: str = ""


def judge(promise: Promise, lines: Lines) -> Row:
    """Hold a promise against what was measured."""
    ours = promise.ours.of(lines)
    beside = promise.beside.of(lines) if promise.beside else None
    ratio = ours / beside if ours is not None and beside else None
    value = ratio if promise.is_ratio else ours
    row = Row(promise.says, promise.unit, promise.goal, ours, beside, ratio, None)
    if value is None:
        return replace(row, why=FAILED if ours is None else MISSING)
    return replace(row, holds=value >= promise.limit if promise.is_least else value <= promise.limit)


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text."""
    head = ("promise", "goal", "ours", "beside", "ratio", "holds")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join(_aligned(line, widths) for line in cells)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, numbers to the right."""
    sides = (str.ljust, str.ljust, str.rjust, str.rjust, str.rjust, str.ljust)
    return "  ".join(
        side(cell, width) for side, cell, width in zip(sides, cells, widths, strict=True)
    ).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    holds = {True: "yes", False: "NO", None: row.why}[row.holds]
    ours, beside = (_number(value, row.unit) for value in (row.ours, row.beside))
    return row.says, row.goal, ours, beside, _number(row.ratio), holds


def _number(value: float | None, unit: str = "") -> str:
    """Three figures, as people read them."""
    if value is None:
        return "-"
    figures = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{figures} {unit}".rstrip()


def _down(found: Any, names: Sequence[str]) -> float | None:
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def _where(**values: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(values.items())


def _day(database: str, clients: int) -> list[Promise]:
    """A reader's day beside Label Studio's."""
    name, place = f"cycle-{database}", f"{database}, {clients} client{'s' if clients > 1 else ''}"

    def pick(subject: str, path: str) -> Pick:
        return Pick(name, path, _where(subject=subject, clients=clients))

    def promise(says: str, unit: str, limit: float, path: str, ours: str = "consilium") -> Promise:
        return Promise(
            f"{says}, {place}", unit, limit, pick(ours, path), pick("label-studio", path),
            is_ratio=True, is_least=limit > 1,
        )  # fmt: skip

    made = [
        promise("next p95", "ms", 0.2, "next.p95", "consilium, pages"),
        promise("submit p95", "ms", 0.2, "submit.p95", "consilium, pages"),
        promise("submit and next p95", "ms", 0.2, "turn.p95"),
        promise("submit and next p50", "ms", 0.2, "turn.p50"),
        promise("CPU per annotation", "ms", 0.1, "cpu_ms"),
    ]
    return [*made, promise("annotations", "1/s", 10, "per_second")] if clients > 1 else made


def _database(database: str) -> list[Promise]:
    """What holds on either database without a peer."""
    day, growth, busy, releases = (
        f"{name}-{database}" for name in ("cycle", "growth", "readers", "releases")
    )
    whole, own = _where(measure="growth"), _where(is_peer=False)
    grown = Pick(growth, "growth.next_p95", whole)
    return [
        Promise(f"errors of all clients, {database}", "", 0, Pick(day, "errors", own, is_sum=True)),
        Promise(f"next p95, 100,000 cases to 1,000, {database}", "x", 1.5, grown),
        Promise(f"errors at all sizes, {database}", "", 0, Pick(growth, "errors", whole)),
        Promise(f"200 readers, p95, {database}", "ms", 300, Pick(busy, "turn.p95")),
        Promise(f"200 readers, errors, {database}", "", 0, Pick(busy, "errors")),
        Promise(f"open a round of 2,000 cases, {database}", "s", 2, Pick(releases, "open.s")),
        Promise(
            f"a reader's longest wait meanwhile, {database}", "ms", 300,
            Pick(releases, "open_beside_reader.reader_max_ms"),
        ),
        Promise(f"freeze 9,800 cases, {database}", "s", 2, Pick(releases, "freeze.s")),
        Promise(f"verify, {database}", "s", 1, Pick(releases, "verify.s")),
        Promise(f"export, {database}", "s", 5, Pick(releases, "export.s")),
        *(
            Promise(f"memory that {act} takes, {database}", "MB", 100, Pick(releases, f"{act}.grew_mb"))
            for act in ("freeze", "verify", "export")
        ),
    ]  # fmt: skip


def _beside_a_writer(act: str, cases: int) -> Promise:
    """A release's way out beside pyarrow alone, which writes the same tables."""
    where, says = _where(cases=cases), f"{act} {cases:,} cases beside a bare writer, CPU"
    ours, beside = (Pick("exports", f"{name}.cpu_s", where) for name in (act, "bare"))
    return Promise(says, "s", 3, ours, beside, is_ratio=True)


def _memory_of(act: str) -> Promise:
    more = Pick("exports", act, _where(measure="growth"))
    return Promise(f"memory of {act}, 100,000 cases above 10,000", "MB", 30, more)


def _page(name: str, figure: str, limit: float) -> Promise:
    unit = {"ms": "ms", "p95": "ms, p95", "cpu_ms": "CPU ms", "ratio": "x"}[figure]
    words = name.replace("_", " ")
    says = f"{words} beside a bare view" if figure == "ratio" else f"{words} page"
    return Promise(says, unit, limit, Pick("pages", figure, _where(page=name)))


def _browser(says: str, unit: str, limit: float, path: str) -> Promise:
    def pick(subject: str) -> Pick:
        return Pick("browser", path, _where(subject=subject))

    return Promise(says, unit, limit, pick("consilium"), pick("label-studio"))


def _panel(cases: int, limit: float, figure: str = "seconds") -> Promise:
    what = "memory of every" if figure == "peak_mib" else "every"
    says = f"{what} figure and pair of 32 judges, {cases:,} cases"
    unit = {"seconds": "s", "peak_mib": "MiB"}[figure]
    return Promise(says, unit, limit, Pick("judge-panel", figure, _where(cases=cases)))


def _merge() -> list[Promise]:
    """Five full models into one, beside whole vectors in memory, and within what a small machine has."""
    small, large = _where(shape="100m", subject="consilium"), _where(shape="1b", subject="consilium")
    dense = _where(shape="100m", subject="dense")

    def beside(says: str, unit: str, limit: float, path: str) -> Promise:
        ours, theirs = Pick("merge", path, small), Pick("merge", path, dense)
        return Promise(f"{says}, five models of 100 million", unit, limit, ours, theirs, is_ratio=True)

    return [
        beside("merge beside a dense one, CPU", "s", 1.5, "cpu_s"),
        beside("memory of a merge beside a dense one", "GiB", 0.25, "peak_gib"),
        Promise("memory of a merge, five models of 1 billion", "GiB", 12, Pick("merge", "peak_gib", large)),
    ]


def _evaluation() -> list[Promise]:
    """From `manage.py judge` to stored verdicts, beside inspect_ai on the same stub."""
    at_once = _where(delay_ms=0)

    def pick(path: str, where: tuple[tuple[str, Any], ...] = at_once) -> Pick:
        return Pick("judge-calls", path, where)

    rate, cost = "calls_per_second", "cpu_ms_per_call"
    ours, theirs = "consilium.{}".format, "inspect_ai.{}".format
    return [
        Promise("calls of an evaluation", "1/s", 1000, pick(ours(rate)), is_least=True),
        Promise("CPU per call of an evaluation", "ms", 0.8, pick(ours(cost))),
        Promise(
            "calls of an evaluation beside inspect_ai", "1/s", 10, pick(ours(rate)), pick(theirs(rate)),
            is_ratio=True, is_least=True,
        ),
        Promise(
            "CPU per call beside inspect_ai", "ms", 0.2, pick(ours(cost)), pick(theirs(cost)), is_ratio=True
        ),
        *(
            Promise(
                f"calls of an evaluation, 500 ms, {at_a_time} in flight", "1/s", least,
                pick(ours(rate), _where(delay_ms=500, in_flight=at_a_time)), is_least=True,
            )
            for at_a_time, least in ((64, 120), (256, 380))
        ),
        Promise("memory of an evaluation", "MiB", 286, pick(ours("peak_mib"))),  # 300 MB
    ]  # fmt: skip


def _stage(stage: str) -> Promise:
    """Fifty steps of a stage through the app beside bare TRL: the upper end of the ratio's interval."""
    where = _where(stage=stage, measure="steps_s")
    return Promise(f"{stage.upper()} beside bare TRL, upper 95 %", "x", 1.05, Pick("stages", "upper", where))


DATABASES = ("sqlite", "postgresql")
PROMISES: Sequence[Promise] = (
    *(promise for database in DATABASES for clients in (1, 8, 16) for promise in _day(database, clients)),
    *(promise for database in DATABASES for promise in _database(database)),
    _browser("submit to next case painted, p95", "ms", 150, "painted.p95"),
    _browser("the same, prefetched, p50", "ms", 80, "prefetched.p50"),
    _browser("the same, prefetched, p95", "ms", 150, "prefetched.p95"),
    _browser("first page without image", "bytes", 120_000, "bytes"),
    _browser("first page, requests", "", 12, "requests"),
    *(_beside_a_writer(act, cases) for act in ("freeze", "verify", "export") for cases in (10_000, 100_000)),
    *(_memory_of(act) for act in ("freeze", "verify", "export")),
    *(_page(name, "ms", 100) for name in ("agreement", "leaderboard")),
    *(_page(name, "p95", 300) for name in ("report", "report_slices", "report_pairs", "report_cases")),
    *(_page(name, "cpu_ms", 25) for name in ("rounds", "overview", "cases", "work")),
    *(_page(name, "ratio", 5) for name in ("next", "submit_alone")),
    _page("submit", "ratio", 10),  # it brings the next screen: both in one
    Promise("figures of 32 judges", "s", 10, Pick("bootstrap", "judges.shared.seconds")),
    *(_panel(cases, limit) for cases, limit in ((1026, 10), (100_000, 180))),
    *(_panel(cases, 1024, "peak_mib") for cases in (1026, 100_000)),
    Promise("report of 32 judges, 1,026 cases", "s", 10, Pick("judge-report-1026", "resampled.seconds")),
    Promise("memory of it", "MiB", 1024, Pick("judge-report-1026", "resampled.peak_mib")),
    Promise("report of 32 judges kept, 100,000 cases", "s", 180, Pick("judge-report", "seconds")),
    Promise("its first page, p95", "ms", 300, Pick("judge-report", "page.p95")),
    *_merge(),
    *map(_stage, ("dsa", "gba")),
    Promise(
        "engine calls", "1/s", 1335, Pick("calls", "consilium.calls_per_second"),
        Pick("calls", "inspect_ai.calls_per_second"), is_least=True,
    ),
    Promise(
        "engine CPU per call", "ms", 0.78, Pick("calls", "consilium.cpu_ms_per_call"),
        Pick("calls", "inspect_ai.cpu_ms_per_call"),
    ),
    *_evaluation(),
)  # fmt: skip
