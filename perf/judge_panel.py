"""All figures of a panel of judges at once, of few cases and of many.

python perf/judge_panel.py [--judges N] [--cases N ...] [--replicates N] [--slices N]

Made letters, no database. Each number of cases is measured in a process of its own: rows and biases of every
judge in six dimensions, rank intervals, every pair of judges compared in every dimension, and every judge's
rows in each slice of the cases, from one matrix of cluster draws. Prints one JSON line for each.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.judge_scores import board_of, slice_rows
from consilium.statistics.panel import INVALID, TIE, A, B, Panel


def made(judges: int, cases: int) -> Panel:
    """Judges of rising skill with some invalid letters; one cluster in seven holds two cases."""
    draw = np.random.default_rng(5)
    labels = draw.integers(A, B + 1, size=(len(DIMENSIONS), cases), dtype=np.int8)
    printed = np.empty((judges, 2, len(DIMENSIONS), cases), dtype=np.int8)
    for judge in range(judges):
        for order in (0, 1):
            is_right = draw.random(labels.shape) < 0.5 + 0.4 * judge / judges
            said = np.where(is_right, labels, A + B - labels)
            said = said if order == 0 else A + B - said
            other = draw.random(labels.shape)
            printed[judge, order] = np.select([other < 0.02, other < 0.03], [INVALID, TIE], said)
    places = np.arange(cases)
    _, clusters = np.unique(np.where(places % 8 == 1, places - 1, places), return_inverse=True)
    return Panel(
        judges=tuple(f"judge-{number}" for number in range(judges)),
        dimensions=DIMENSIONS,
        cases=tuple(f"case-{number}" for number in range(cases)),
        clusters=clusters,
        labels=labels,
        printed=printed,
        longer=draw.integers(A, B + 1, size=cases, dtype=np.int8),
    )


def measured(judges: int, cases: int, replicates: int, slices: int) -> dict[str, Any]:
    """Seconds, CPU seconds and the peak of memory of one report."""
    panel = made(judges, cases)
    masks = {str(number): np.arange(cases) % 12 == number % 12 for number in range(slices)}
    started, cpu = time.perf_counter(), time.process_time()
    board = board_of(panel, ranked=panel.judges, compared_in=panel.dimensions, replicates=replicates)
    of_board = round(time.perf_counter() - started, 2)
    slice_rows(panel, masks, replicates=replicates)
    return {
        "cases": cases,
        "judges": judges,
        "replicates": replicates,
        "slices": slices,
        "board_seconds": of_board,
        "comparisons": sum(len(pairs) for pairs in board.comparisons.values()),
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judges", type=int, default=32)
    parser.add_argument("--cases", type=int, nargs="+", default=[1026, 100_000])
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument(
        "--slices", type=int, default=24, help="13 organ systems, 8 departments, 3 modalities"
    )
    options = parser.parse_args()
    for cases in options.cases:
        with multiprocessing.get_context("spawn").Pool(1) as own:
            print(
                json.dumps(own.apply(measured, (options.judges, cases, options.replicates, options.slices))),
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
