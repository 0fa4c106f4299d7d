"""Two runs side by side: what went in and came out, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from training.models import ALL_SPECIALTIES, Run, Stage
from training.run_card import run_card
from training.stage_settings import NAMED, spoken_value

UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True)
class ComparedFact:
    """One line: what it is, of both runs, and whether they agree."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return self.left != self.right


def compare_runs(left: Run, right: Run) -> list[tuple[str, list[ComparedFact]]]:
    """Titled groups of lines: what went in, settings, what came out; lines that differ come first."""
    cards = run_card(left), run_card(right)
    groups = (("What went in", _inputs), ("Settings", _settings), ("What came out", _results))
    titled = []
    for title, told in groups:
        pairs = [dict(told(card)) for card in cards]
        names = list(dict.fromkeys([*pairs[0], *pairs[1]]))
        lines = [ComparedFact(name, *(pair.get(name, UNKNOWN) for pair in pairs)) for name in names]
        titled.append((title, sorted(lines, key=lambda line: not line.differs)))
    return titled


def _inputs(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Stage", str(card["stage"])
    yield (
        "Specialty",
        card["specialty"] or (ALL_SPECIALTIES.lower() if card["stage"] == Stage.DSA else UNKNOWN),
    )
    yield "Release", card["release"]["name"] if card["release"] else UNKNOWN
    yield "Release digest", card["release"]["digest"][:12] if card["release"] else UNKNOWN
    yield "Base model", card["base"]["name"]
    yield "Builds on", ", ".join(f"run {source['run']}" for source in card["inputs"])
    yield "Seed", str(card["seed"])
    yield "Code", (card["code"] or {}).get("commit", UNKNOWN)[:12]
    for name, version in (card["versions"] or {}).items():
        yield name, str(version)


def _settings(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in card["settings"].items():
        yield NAMED.get(name, (name, ""))[0], spoken_value(value)


def _results(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "State", str(card["state"])
    for name, value in (card["metrics"] or {}).items():
        yield name.replace("_", " ").capitalize(), f"{value:.4g}"
    yield "Seconds of all attempts", f"{card['seconds']:,.0f}"
    most = max((attempt["memory_bytes"] for attempt in card["attempts"]), default=0)
    yield "Memory, most at once (MiB)", f"{most / 2**20:,.0f}" if most else UNKNOWN
    on_gpu = max((attempt["gpu_bytes"] or 0 for attempt in card["attempts"]), default=0)
    yield "GPU memory, most at once (MiB)", f"{on_gpu / 2**20:,.0f}" if on_gpu else UNKNOWN
    yield "Energy (J)", f"{card['joules']:,.0f}" if card["joules"] is not None else UNKNOWN
    yield "Weights", card["model"]["digest"][:12] if card["model"] else UNKNOWN
