"""Processes that never outlive their parent, and a parent that finds all of its own (Linux)."""

import ctypes
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def dies_with_parent(sent: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn` for subprocess: the kernel sends `sent` to the child when its parent thread ends.

    Parent *thread*: start such a child from a thread that lives as long as the child shall.
    Everything is looked up here, before the fork, because little is safe between fork and exec.
    """
    parent = os.getpid()
    prctl = _prctl()

    def before_exec() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os.kill(os.getpid(), sent)

    return before_exec


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
