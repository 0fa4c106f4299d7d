"""The figures that Med-RewardBench printed, to stand beside measured ones; never mixed with them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data" / "medrewardbench_tables.json"


@dataclass(frozen=True)
class PublishedJudge:
    """One judge's percent of cases right as printed: by organ, and the overall figure of the table."""

    name: str
    organs: dict[str, float]
    overall: float


@cache
def published_judges() -> tuple[PublishedJudge, ...]:
    """The judges of the paper's table by organ, best first. Overall is the unweighted mean of its organs."""
    table: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))["table2_overall_by_organ"]
    found = [
        PublishedJudge(
            name=name,
            organs={organ: float(value) for organ, value in row.items() if organ != "overall_printed"},
            overall=float(row["overall_printed"]),
        )
        for name, row in table.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.overall))
