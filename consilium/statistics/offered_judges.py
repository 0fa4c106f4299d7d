"""A board of judges and what goes with it, from JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.json_form import as_json
from consilium.statistics.judge_calibration import judge_calibration
from consilium.statistics.judge_scores import board_of
from consilium.statistics.offered import Input, Offered, resampling
from consilium.statistics.panel import JudgedCase, Panel, with_jury
from consilium.statistics.repeats import repeat_stability


def _cases(rows: Sequence[Mapping[str, Any]]) -> list[JudgedCase]:
    return [
        JudgedCase(
            case=row["case"],
            cluster=row.get("cluster", row["case"]),
            label=row["label"],
            forward=row["forward"],
            backward=row["backward"],
            longer=row.get("longer"),
        )
        for row in rows
    ]


def _board(given: Input) -> Any:
    dimensions = given.get("dimensions", DIMENSIONS)
    panel = Panel.of({name: _cases(rows) for name, rows in given["judges"].items()}, dimensions)
    ranked = panel.judges
    if "jury" in given:
        panel = with_jury(panel, "jury", given["jury"])
    board = board_of(
        panel,
        ranked=ranked,
        compared_in=dimensions,
        pairs=None,
        **resampling(given),
    )
    comparisons = {
        dimension: {" - ".join(pair): as_json(found) for pair, found in pairs.items()}
        for dimension, pairs in board.comparisons.items()
    }
    return {"rows": board.rows, "biases": board.biases, "ranks": board.ranks, "comparisons": comparisons}


def _calibration(given: Input) -> Any:
    cases = given["cases"]
    return judge_calibration(
        [case["probability"] for case in cases],
        [case["label"] == "A" for case in cases],
        [case.get("cluster", place) for place, case in enumerate(cases)],
        **resampling(given),
    )


JUDGES: Final[dict[str, Offered]] = {
    "judge_board": Offered(
        _board,
        "{judges: {name: [{case, cluster?, label: {dimension: A, B or null}, "
        "forward: {dimension: A, B, tie or null} or null, "
        "backward: as printed with the answers swapped, longer?: A or B}]}, dimensions?, "
        "a dimension that is left out was not asked about, "
        "jury?: [name], replicates?, seed?}",
        "the method's section 6: accuracy over both orders, cluster bootstrap, sign-flip test, exact McNemar",
    ),
    "judge_calibration": Offered(
        _calibration,
        "{cases: [{probability: that A is better, label: A or B, cluster?}], replicates?, seed?}",
        "Naeini et al. 2015, AAAI; Brier 1950, Monthly Weather Review 78:1; cluster bootstrap",
    ),
    "repeat_stability": Offered(
        lambda given: repeat_stability(given["calls"]),
        "{calls: [[A, B, tie or null for each repeat]]}",
        "mean share of agreeing pairs of repeats",
    ),
}
