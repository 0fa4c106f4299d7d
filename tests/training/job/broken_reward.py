"""The GBA stage with a reward that is not a number, as a mistake in a reward would give.

Run as a process: `python -m tests.training.job.broken_reward SPEC.json VALUE`.
"""

import sys
from typing import Any

from training.job import gba
from training.job.__main__ import main


def broken(completions: list[Any], **columns: Any) -> list[float]:
    return [1.0, float(sys.argv[2]), *[0.0] * (len(completions) - 2)]


if __name__ == "__main__":
    setattr(gba, "format_reward", broken)  # noqa: B010
    sys.exit(main(sys.argv[1:2]))
