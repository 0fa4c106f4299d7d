"""A few completions of a run over time, kept in its folder.

They are model text about cases: they stay in this one file, never go into an event or a log, and the file is
its owner's alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from training.job import ranks

SAMPLES: Final = "samples.jsonl"
AT_ONCE: Final = 4


class KeptSamples:
    """Adds completions of every `every`-th step, the first one included; 0: of none."""

    def __init__(self, out: Path, every: int) -> None:
        self._path = out / SAMPLES
        self._every = every
        self._is_fresh = True

    def wants(self, step: int) -> bool:
        """Whether rank 0 keeps completions of this step, counted from 1."""
        return bool(self._every) and (step - 1) % self._every == 0 and ranks.is_first()

    def keep(self, step: int, completions: Iterable[Mapping[str, Any]]) -> None:
        """Add completions of one step."""
        lines = [json.dumps({"step": step, **one}, ensure_ascii=False) + "\n" for one in completions]
        mode = os.O_APPEND
        if self._is_fresh:
            # A resumed run draws the steps after its checkpoint again.
            lines, mode = [*self._before(step), *lines], os.O_TRUNC
            self._is_fresh = False
        # Made anew where somebody took it away meanwhile: an image of the release was purged.
        with os.fdopen(
            os.open(self._path, os.O_WRONLY | os.O_CREAT | mode, 0o600), "w", encoding="utf-8", newline="\n"
        ) as file:
            file.writelines(lines)

    def _before(self, step: int) -> list[str]:
        return [line for line, at in kept_lines(self._path) if at["step"] < step]


def kept_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return every whole line of such a file with what it says; nothing where there is no file."""
    if not path.is_file():
        return []
    found = []
    # Not by splitlines: a completion may hold U+2028.
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append((line + "\n", json.loads(line)))
        except ValueError:  # the end of the file, or of a process that was killed while it wrote
            continue
    return found
