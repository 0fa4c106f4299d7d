"""What a GBA run's model answered over time: the completions that its process keeps in the run's folder.

They are model text about cases: for the leads of the study alone, and in no log, event or download.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from training import run_folder
from training.job.kept_samples import SAMPLES
from training.models import Run
from training.run_log import CONTROLS

TAIL_BYTES: Final = 512 * 1024
SHOWN_STEPS: Final = 20
LONGEST: Final = 20_000
EARNED: Final = ("reward", "accuracy", "format", "judge", "advantage")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One completion: the row that it answers, the paradigm that drew it, what it earned, in words."""

    row: str
    paradigm: str
    earned: str
    text: str


@dataclass(frozen=True, slots=True)
class KeptStep:
    """The completions kept of one step."""

    step: int
    answers: list[KeptAnswer]


def kept_answers(run: Run) -> list[KeptStep]:
    """The last steps of which answers were kept, newest first; none where this host has no file."""
    lines = sorted(_lines(run), key=lambda line: int(line["step"]), reverse=True)
    steps = [
        KeptStep(step, [_answer(line) for line in found])
        for step, found in groupby(lines, key=lambda line: int(line["step"]))
    ]
    return steps[:SHOWN_STEPS]


def _lines(run: Run) -> Iterator[dict[str, Any]]:
    try:
        with (run_folder.folder(run) / SAMPLES).open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - TAIL_BYTES))
            read = file.read()
    except OSError:
        return
    for line in read.split(b"\n")[1 if size > TAIL_BYTES else 0 :]:
        try:
            yield json.loads(line)
        except ValueError:  # the end, or one that is just being written
            continue


def _answer(line: dict[str, Any]) -> KeptAnswer:
    known = ((name, line.get(name)) for name in EARNED)
    earned = ", ".join(f"{name} {value:.3g}" for name, value in known if value is not None)
    text = CONTROLS.sub("", str(line["text"]))[:LONGEST]
    return KeptAnswer(str(line["row"]), str(line["paradigm"]), earned, text)
