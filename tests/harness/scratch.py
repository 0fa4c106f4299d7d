"""`python -m tests.harness.scratch`: makes the folder for a run's temporary files and prints it.

The suite makes and removes a hundred thousand small files. They lie in memory where that has room and lets
programs run; containers often give it 64 MB, or forbid programs there.
"""

import os
import sys
import tempfile

MEMORY = "/dev/shm"
LEAST_BYTES = 4 << 30


def has_room(folder: str) -> bool:
    """Whether the suite fits there."""
    try:
        facts = os.statvfs(folder)
    except OSError:
        return False
    can_run = not facts.f_flag & os.ST_NOEXEC
    return can_run and facts.f_bavail * facts.f_frsize >= LEAST_BYTES and os.access(folder, os.W_OK)


if __name__ == "__main__":
    parent = MEMORY if has_room(MEMORY) else None
    made = tempfile.mkdtemp(prefix="consilium-tests-", dir=parent)
    os.chmod(made, 0o755)  # noqa: PTH101 - servers that run as somebody else pass through
    sys.stdout.write(made + "\n")
