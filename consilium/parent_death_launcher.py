"""Starts a program that dies with its parent: `python -I` this file, PARENT_PID PROGRAM ARGUMENT...


Run as a file in a fresh process, because code between fork and exec is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the program."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):  # the parent died before the tie was made
        sys.exit(1)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a fixed argument list, no shell


if __name__ == "__main__":
    main()
