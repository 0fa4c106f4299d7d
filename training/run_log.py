"""What a training process wrote beside its events: the end of its log, without this site's folders."""

import re
import sys
from pathlib import Path
from typing import Final

from django.conf import settings

from training import run_folder
from training.models import Run

LOG: Final = "process.log"
TAIL_BYTES: Final = 16_384
TAIL_LINES: Final = 60
# Everything but tabs and line ends: a log may hold colours and cursor movements.
CONTROLS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def log_tail(run: Run) -> str:
    """The last lines; empty where there is no log, or where another host holds it."""
    try:
        with (run_folder.folder(run) / LOG).open("rb") as log:
            log.seek(0, 2)
            size = log.tell()
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    lines = text.splitlines()[1 if size > TAIL_BYTES else 0 :]
    return shown_log("\n".join(lines[-TAIL_LINES:]))


def whole_log(run: Run) -> str | None:
    """All of it as `log_tail` shows it; None where this host has none."""
    try:
        return shown_log((run_folder.folder(run) / LOG).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def shown_log(text: str) -> str:
    """The text without control characters, and with short names for this site's folders."""
    places = {
        str(Path(settings.MODELS_FOLDER)): "MODELS",
        str(Path(settings.CONSILIUM_HOME)): "DATA",
        str(Path(sys.prefix)): "PYTHON",
        str(Path(sys.base_prefix)): "PYTHON",
        str(Path(settings.BASE_DIR)): "APP",
        str(Path.home()): "HOME",
    }
    shown = CONTROLS.sub("", text)
    for place in sorted(places, key=len, reverse=True):
        if len(place) > 1:
            shown = shown.replace(place, places[place])
    return shown
