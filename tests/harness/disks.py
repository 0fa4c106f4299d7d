"""A disk of its own for a test: small, so that it can be filled, and with a switch to read-only."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted tmpfs."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def leave(self, megabytes: float) -> None:
        """Fill it up to so much room, or make so much room again."""
        self._ballast.unlink(missing_ok=True)
        done = subprocess.run(["df", "--output=avail", "-B1", self.place], capture_output=True, check=True)
        free = int(done.stdout.split()[-1])
        with self._ballast.open("wb") as ballast:
            for _ in range(max(0, free - int(megabytes * (1 << 20))) >> 16):
                ballast.write(b"\0" * (1 << 16))

    def make_read_only(self) -> None:
        """Nothing may be open for writing there."""
        subprocess.run(["mount", "-o", "remount,ro", self.place], check=True)


@contextmanager
def small_disk(place: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """A disk of that size at `place`. Skips where this user may not mount."""
    place.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a disk (root may)")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
