"""Starts a program that dies with its parent: `python -I` this file, PARENT_PID SIGNAL PROGRAM ARGUMENT...

Run as a file in a fresh process (`processes.tied_to_parent` writes the command line). Standard library only.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the program."""
    parent, sent, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, sent, 0, 0, 0)
    if os.getppid() != parent:  # it died before the tie was made
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - a fixed argument list, no shell


if __name__ == "__main__":
    main()
