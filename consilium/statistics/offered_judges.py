"""A board of judges and what goes with it, from JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.json_form import as_json
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


JUDGES: Final[dict[str, Offered]] = {
    "judge_board": Offered(
        _board,
        "{judges: {name: [{case, cluster?, label: {dimension: A, B or null}, "
        "forward: {dimension: A, B, tie or null} or null, "
        "backward: as printed with the answers swapped, longer?: A or B}]}, dimensions?, "
        "jury?: [name], replicates?, seed?}",
        "the method's section 6: accuracy over both orders, cluster bootstrap, sign-flip test, exact McNemar",
    ),
    "repeat_stability": Offered(
        lambda given: repeat_stability(given["calls"]),
        "{calls: [[A, B, tie or null for each repeat]]}",
        "mean share of agreeing pairs of repeats",
    ),
}
