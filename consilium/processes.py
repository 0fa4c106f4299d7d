"""Processes that never outlive their parent, and a parent that finds all of its own (Linux)."""

import ctypes
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consilium import parent_death_launcher

PR_SET_CHILD_SUBREAPER = 36


def tied_to_parent(command: Sequence[str], sent: signal.Signals = signal.SIGKILL) -> list[str]:
    """The command line that starts `command` so that the kernel sends it `sent` when its parent thread ends.

    Parent *thread*: start such a child from a thread that lives as long as the child shall. A small program
    makes the tie and becomes the command, because code between fork and exec is unsafe where threads run.
    """
    launcher = [sys.executable, "-I", "-S", parent_death_launcher.__file__]
    return [*launcher, str(os.getpid()), str(int(sent)), *command]


def adopt_orphans() -> None:
    """From now on a descendant whose own parent ends becomes this process's child, and can be found."""
    if (prctl := _prctl()) is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> set[int]:
    """Numbers of all living processes below `pid`; empty where /proc does not exist."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended meanwhile
            continue
        if state != "Z":
            children[int(parent)].append(int(entry.name))
    found, fresh = set[int](), [pid]
    while fresh:
        fresh = [child for parent_pid in fresh for child in children[parent_pid]]
        found |= set(fresh)
    return found


def _prctl() -> Any:
    return ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
