"""Figures of judges and readers: drawn anew for every figure, beside one pass over shared draws.

python perf/bootstrap.py [--judges N] [--cases N] [--replicates N] [--votes N] [--one-by-one N]

Made letters and votes, no database. `one_by_one` does for a few judges what was done for every judge (and for
one dimension what was done for every dimension); `ratio` is its CPU per judge (per dimension) over that of
the pass, which also ranks the judges and compares all their pairs. Both must give the same numbers.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.agreement import VotedCase, agreement
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.coefficients import AC1, ALPHA, FLEISS, PERCENT, UNANIMITY
from consilium.statistics.judge_scores import case_scores, judge_board
from consilium.statistics.panel import JudgedCase
from consilium.statistics.ratings import Array, count_matrix

COEFFICIENTS = {"percent": PERCENT, "unanimity": UNANIMITY, "fleiss": FLEISS, "ac1": AC1, "alpha": ALPHA}
SWAPPED = {"A": "B", "B": "A", None: None}


def judged(number: int, of: int, cases: int) -> list[JudgedCase]:
    """A judge that is right more often than the one before it."""
    own, common = random.Random(number + 1), random.Random(0)
    skill = 0.5 + 0.4 * number / of
    made = []
    for case in range(cases):
        label = {name: common.choice("AB") for name in DIMENSIONS}
        said = [
            {
                name: None if own.random() < 0.02 else right if own.random() < skill else SWAPPED[right]
                for name, right in label.items()
            }
            for _ in range(2)
        ]
        backward = {name: SWAPPED[letter] for name, letter in said[1].items()}
        made.append(JudgedCase(f"case-{case}", case, label, said[0], backward))
    return made


def voted(cases: int) -> list[VotedCase]:
    """Three votes a case."""
    draw = random.Random(1)
    return [
        VotedCase(str(case), case, {name: [draw.choice("AAB") for _ in range(3)] for name in DIMENSIONS})
        for case in range(cases)
    ]


def ratio(sums: Array) -> Array:
    """A mean from its sum and its count."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def judges_one_by_one(judges: Sequence[Sequence[JudgedCase]], replicates: int) -> list[Any]:
    """Accuracy and strict accuracy of every judge in every dimension, each with draws of its own."""
    found = []
    for cases in judges:
        for name in DIMENSIONS:
            scores = case_scores(cases, name)
            clusters = [case.cluster for case in cases if case.case in scores]
            for values in (list(scores.values()), [float(score == 1.0) for score in scores.values()]):
                features = np.column_stack([values, np.ones(len(values))])
                found.append(ClusterWeights(clusters, replicates).interval(features, ratio))
    return found


def agreement_one_by_one(cases: Sequence[VotedCase], dimension: str) -> list[Any]:
    """The five coefficients of one dimension, each with draws of its own."""
    counts = count_matrix([case.votes[dimension] for case in cases], ("A", "B"))
    clusters = [case.cluster for case in cases]
    return [
        ClusterWeights(clusters).interval(one.features(counts), one.value) for one in COEFFICIENTS.values()
    ]


def timed(work: Callable[[], Any], units: int) -> tuple[Any, dict[str, float]]:
    """What the work gave; its wall and CPU seconds, CPU per unit, and the peak memory so far."""
    started, cpu = time.perf_counter(), time.process_time()
    given = work()
    used = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return given, {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(used, 3),
        "cpu_ms_per_unit": round(1000 * used / units, 2),
        "peak_mib": round(peak),
    }


def is_close(one: Any, other: Any) -> bool:
    """Equal intervals to six decimals."""
    return bool(np.allclose([one.low, one.high], [other.low, other.high], atol=5e-7, rtol=0))


def compared(shared: dict[str, float], alone: dict[str, float], pairs: Sequence[tuple[Any, Any]]) -> Any:
    """Both measurements side by side; refuses to compare what is not equal."""
    assert all(is_close(one, other) for one, other in pairs), "the pass gives other intervals"
    share = alone["cpu_ms_per_unit"] / shared["cpu_ms_per_unit"]
    return {"shared": shared, "one_by_one": alone, "ratio": round(share, 1)}


def judges_measured(options: argparse.Namespace) -> Any:
    """All judges in one pass beside a few with draws for every figure."""
    judges = {str(n): judged(n, options.judges, options.cases) for n in range(options.judges)}
    few = list(judges.values())[: options.one_by_one]
    board, shared = timed(
        lambda: judge_board(judges, dimensions=DIMENSIONS, ranked=judges, replicates=options.replicates),
        len(judges),
    )
    intervals, alone = timed(lambda: judges_one_by_one(few, options.replicates), len(few))
    rows = [row for name in list(judges)[: len(few)] for row in board.rows[name]]
    ours = [one.interval for row in rows for one in (row.accuracy, row.strict)]
    return {"pairs": len(board.pairs), **compared(shared, alone, list(zip(ours, intervals, strict=True)))}


def agreement_measured(options: argparse.Namespace) -> Any:
    """All dimensions in one pass beside one dimension with draws for every coefficient."""
    cases = voted(options.votes // 3)
    rows, shared = timed(lambda: agreement(cases, dimensions=DIMENSIONS), len(DIMENSIONS))
    intervals, alone = timed(lambda: agreement_one_by_one(cases, DIMENSIONS[0]), 1)
    ours = [getattr(rows[0], name).interval for name in COEFFICIENTS]
    return compared(shared, alone, list(zip(ours, intervals, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judges", type=int, default=32)
    parser.add_argument("--cases", type=int, default=1026)
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--votes", type=int, default=30_000)
    parser.add_argument("--one-by-one", type=int, default=2, help="judges that are computed one by one")
    options = parser.parse_args()
    measured = {"judges": judges_measured(options), "agreement": agreement_measured(options)}
    print(json.dumps({**measured, "options": vars(options)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
