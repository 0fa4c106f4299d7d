"""What a merge did, for the page of its run: scores of candidates, conflicts by layer, what was kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from django.utils.safestring import SafeString

from consilium.people.models import Specialty
from consilium.ui.charts import heat_map
from training.models import ProducedModel, Run, RunEvent, Stage

METHODS: Final = {
    "base": "Base model, nothing merged",
    "ties": "TIES",
    "linear": "Mean",
    "task_arithmetic": "Sum",
    "dare_ties": "DARE-TIES",
}
# A tensor of a numbered layer: where the layers are, which one, and what in it.
PLACE: Final = re.compile(r"(?P<where>.*?)\.(?P<layer>\d+)\.(?P<part>.+?)(\.weight)?")
LAYERED: Final = (
    ("sign_conflict", "Sign conflicts", "of what two or more models kept, the share whose signs disagree"),
    ("mass_discarded", "Discarded", "share of all changes that trimming and election left out"),
)


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """One candidate as the table shows it; `scores` are in the order of the table's specialties."""

    method: str
    density: str
    scale: str
    scores: list[str]
    worst: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CandidateTable:
    """Candidates with their score of each specialty."""

    specialties: list[str]
    lines: list[CandidateLine]


@dataclass(frozen=True, slots=True)
class KeptShare:
    """What trimming left of one model's changes."""

    model: str
    share: str


def candidate_table(run: Run, produced: ProducedModel | None) -> CandidateTable | None:
    """The candidates scored so far, as told by the run or by its card; None where none is."""
    if run.stage != Stage.MERGE:
        return None
    card = produced.card if produced else {}
    found = card.get("candidates") or _told(run)
    if not found:
        return None
    names = sorted({name for one in found for name in one["scores"]})
    labels = dict(Specialty.choices)
    chosen = card.get("chosen")
    lines = [_line(one, names, chosen) for one in found]
    return CandidateTable([str(labels.get(name, name)) for name in names], lines)


def kept_shares_of(run: Run, produced: ProducedModel | None) -> list[KeptShare]:
    """By merged model, the share of its entries that trimming left; none for another stage."""
    shares = produced.card.get("kept_share", []) if produced and run.stage == Stage.MERGE else []
    names = _models(run)
    return [KeptShare(name, _percent(share)) for name, share in zip(names, shares, strict=False)]


def merge_charts(run: Run, produced: ProducedModel | None) -> list[SafeString]:
    """Heat maps of what a merge did to each layer, and how alike the merged models' changes are."""
    if produced is None or run.stage != Stage.MERGE:
        return []
    layers = produced.card.get("layers", [])
    charts = [chart for name, title, note in LAYERED for chart in _by_layer(layers, name, title, note)]
    return [*charts, *_cosines(_models(run), produced.card.get("cosines", []))]


def _told(run: Run) -> list[dict[str, Any]]:
    """What the process told of its candidates; after a kill it tells those that it knew again."""
    told = (
        RunEvent.objects.filter(run=run, kind="candidate").order_by("sequence").values_list("data", flat=True)
    )
    return list({(one["method"], one.get("density"), one["scale"]): one for one in told}.values())


def _line(one: dict[str, Any], names: list[str], chosen: dict[str, Any] | None) -> CandidateLine:
    keys = ("method", "density", "scale")
    is_merged = one["method"] != "base"
    return CandidateLine(
        method=METHODS.get(one["method"], one["method"]),
        density=f"{one['density']:g}" if one.get("density") else "",
        scale=f"{one['scale']:g}" if is_merged else "",
        scores=[_percent(one["scores"][name]) if name in one["scores"] else "" for name in names],
        worst=_percent(one["worst"]),
        is_chosen=chosen is not None and all(one.get(key) == chosen.get(key) for key in keys),
    )


def _models(run: Run) -> list[str]:
    """Short names of the merged models, in the order in which the process was given them."""
    inputs = list(run.inputs.order_by("pk"))
    experts = [one.taught for one in inputs if one.stage == Stage.DSA]
    return [*experts, *("GBA" for one in inputs if one.stage == Stage.GBA)]


def _by_layer(layers: list[dict[str, Any]], name: str, title: str, note: str) -> Iterator[SafeString]:
    """One map for each stack of layers: the language model's, a vision tower's."""
    stacks: dict[str, dict[int, dict[str, float | None]]] = {}
    for layer in layers:
        if place := PLACE.fullmatch(layer["name"]):
            rows = stacks.setdefault(place["where"], {})
            rows.setdefault(int(place["layer"]), {})[place["part"]] = layer[name]
    for where, rows in stacks.items():
        parts = list(dict.fromkeys(part for row in rows.values() for part in row))
        yield heat_map(
            [part.rpartition(".")[2].removesuffix("_proj") for part in parts],
            [(f"layer {number}", [rows[number].get(part) for part in parts]) for number in sorted(rows)],
            title=f"{title}, {where}" if len(stacks) > 1 else title,
            note=note,
            show=_percent,
        )


def _cosines(models: list[str], told: list[float | None]) -> Iterator[SafeString]:
    pairs = list(combinations(range(len(models)), 2))
    if not pairs or len(pairs) != len(told):
        return
    known = dict(zip(pairs, told, strict=True))
    rows = [
        (name, [1.0 if one == two else known[min(one, two), max(one, two)] for two in range(len(models))])
        for one, name in enumerate(models)
    ]
    yield heat_map(
        models,
        rows,
        title="Cosines between the models",
        note="of their whole changes: 1 the same direction, 0 unrelated, -1 opposite",
        ends=(-1.0, 1.0),
        show=_cosine,
    )


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value in (0, 1) or value >= 0.1 else f"{100 * value:.1f} %"


def _cosine(value: float) -> str:
    return f"{value:.2f}"
