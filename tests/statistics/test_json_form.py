"""Kept figures come back as they were."""

import json
from dataclasses import dataclass
from typing import Any

from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.json_form import as_json, from_json
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    share: Maybe[float]
    estimate: Estimate
    gain: Estimate | None
    votes: dict[int, int]
    parts: dict[str, tuple[int, int]]
    more: list[Maybe[Interval]]
    told: dict[str, Any]
    owner: object


OWNER = object()
NONE = Undefined("no cases")


def test_what_is_kept_comes_back() -> None:
    whole = Estimate(1.0, Interval(0.0, 1.0))
    without = Estimate(NONE, NONE)
    bounds: list[Maybe[Interval]] = [Interval(0, 1), NONE]
    for row in (
        Row("one", 3, 0.1 + 0.2, whole, None, {2: 1}, {"a": (1, 2)}, [], {}, OWNER),
        Row("two", 0, NONE, without, Estimate(0.5, NONE), {}, {}, bounds, {"n": 1}, OWNER),
    ):
        data = as_json({name: value for name, value in vars(row).items() if name != "owner"})
        assert from_json(Row, json.loads(json.dumps(data)), owner=OWNER) == row


def test_lists_of_rows_come_back() -> None:
    estimates = [Estimate(0.25, Interval(0.125, 0.5)), Estimate(NONE, NONE)]
    assert from_json(list[Estimate], as_json(estimates)) == estimates
