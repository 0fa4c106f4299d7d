"""Scores of a judge, asked for through the run's folder: this process calls nobody.

What is asked is a file, an event says that it is there, and whoever follows the events asks the model and
puts the scores beside it. Both files are model text about cases and are gone when the scores were read.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from training.job.progress import Progress
from training.job.stop_flag import StopFlag, Stopped

EVENT: Final = "judge"
ASKED: Final = "judge_asked.json"
TOLD: Final = "judge_told.json"
WAIT_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 0.05
# More than half of the last so many without a score: the judge is no judge.
LAST: Final = 64

# Paradigm to score; None where the judge gave none that can be read.
Scores = dict[str, int]


class JudgeLost(Exception):
    """Most calls of the judge failed; the message is meant for people."""


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One completion: the row of the release that it answers, and its text."""

    row: str
    text: str


class Judge:
    """Asks and waits; `name` is the model's."""

    def __init__(
        self, name: str, out: Path, progress: Progress, flag: StopFlag, seconds: float = WAIT_SECONDS
    ) -> None:
        self._name = name
        self._asked, self._told = out / ASKED, out / TOLD
        self._progress = progress
        self._flag = flag
        self._seconds = seconds
        self._outcomes: deque[bool] = deque(maxlen=LAST)

    def scores(self, step: int, answers: Sequence[JudgedAnswer]) -> list[Scores | None]:
        """Return the scores of each answer. Raises JudgeLost, and Stopped when SIGTERM came meanwhile."""
        if not answers:
            return []
        self._told.unlink(missing_ok=True)
        write_private(self._asked, {"step": step, "answers": [asdict(answer) for answer in answers]})
        self._progress.emit(EVENT, step=step, asked=len(answers))
        found = self._wait(step, len(answers))
        for path in (self._asked, self._told):
            path.unlink(missing_ok=True)
        self._count(step, found)
        return found

    def _wait(self, step: int, count: int) -> list[Scores | None]:
        end = time.monotonic() + self._seconds
        while not self._told.exists():
            if self._flag.wanted:
                raise Stopped(step - 1)
            if time.monotonic() > end:
                return [None] * count
            time.sleep(LOOK_SECONDS)
        told: list[Scores | None] = json.loads(self._told.read_text(encoding="utf-8"))["scores"]
        return told

    def _count(self, step: int, found: Sequence[Scores | None]) -> None:
        self._outcomes.extend(bool(scores) for scores in found)
        missing = self._outcomes.count(False)
        if missing > len(self._outcomes) / 2:
            raise JudgeLost(
                f"step {step}: the judge {self._name} gave no readable scores for {missing} of the last"
                f" {len(self._outcomes)} answers. Nothing is published. Test the model, or choose another"
                " judge, and launch the run again."
            )


def asked_answers(out: Path) -> list[JudgedAnswer]:
    """Return what the process in `out` asks now: for whoever answers. Raises OSError, ValueError."""
    asked = json.loads((out / ASKED).read_text(encoding="utf-8"))
    return [JudgedAnswer(str(one["row"]), str(one["text"])) for one in asked["answers"]]


def tell_scores(out: Path, scores: Sequence[Scores | None]) -> None:
    """Answer it: the scores of each, in the order in which they were asked for."""
    write_private(out / TOLD, {"scores": list(scores)})


def write_private(path: Path, value: Any) -> None:
    """Write JSON that only the owner reads, so that a reader sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, allow_nan=False)
    part.rename(path)
