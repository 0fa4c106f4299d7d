"""What clients saw, one JSON object a line; times are of the machine's one monotonic clock."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO


class Journal:
    """Appends to the file; a line is on its way to the disk when the call returns."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def note(self, what: str, **facts: Any) -> None:
        """One event, such as an acknowledged vote."""
        self._file.write(json.dumps({"at": time.monotonic(), "what": what, **facts}) + "\n")
        self._file.flush()


def events(path: Path) -> Iterator[dict[str, Any]]:
    """What was noted so far; a last line that is not whole yet is left out."""
    if not path.exists():
        return
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
