"""Progress as JSON lines on standard output; whatever libraries print goes to standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from training.job import ranks
from training.job.numbers import finite_only


class Progress:
    """Writes one JSON object per line; a reader that left does not stop training.

    Of several processes rank 0 speaks; another one says only why it failed, which rank 0 cannot know.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def emit(self, event: str, **values: Any) -> None:
        """Write one event; values that are None or not finite are left out, inside others null."""
        if self._stream is None or not (ranks.is_first() or event == "failed"):
            return
        finite = {key: finite_only(value) for key, value in values.items()}
        shown = {key: value for key, value in finite.items() if value is not None}
        # Outside the try: a value that is no JSON is a mistake here, not a reader that left.
        line = json.dumps({"event": event, **shown}, allow_nan=False)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            self._stream = None


def claim_stdout() -> Progress:
    """Take standard output for events and point file descriptor 1 at standard error for everyone else."""
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Progress(os.fdopen(private, "w", encoding="utf-8"))
