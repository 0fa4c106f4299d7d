"""Starts the confined child and listens to it: until a deadline, and no further than what it may say."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curation.imaging.protocol import BadAnswerError, RebuildLimits

_ROOT: Final = Path(__file__).resolve().parents[2]
_BLOCK: Final = 1 << 16  # what a pipe holds
# Nothing of the parent's environment is passed on. One thread per library: RLIMIT_NPROC allows no more.
_ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "LC_ALL": "C.UTF-8",
}


@dataclass(slots=True)
class ChildOutput:
    """What the child says, as it arrives: lines, and bytes of a size that a line announced.

    Raises TimeoutError at the deadline, BadAnswerError when more comes than may.
    """

    descriptor: int
    deadline: float
    lines_left: int
    bytes_left: int
    _held: bytes = field(default=b"")

    def line(self) -> bytes | None:
        """Return the next whole line; None when the child has nothing more to say."""
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > self.lines_left:
                raise BadAnswerError("too much is said")
            if not self._fill():
                return None
        line, self._held = self._held[:end], self._held[end + 1 :]
        self.lines_left -= len(line)
        if self.lines_left < 0:
            raise BadAnswerError("too much is said")
        return line

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes as they come. Raises EOFError when the child ends before."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise BadAnswerError("too much is made")
        while size > 0:
            if not self._held and not self._fill():
                raise EOFError
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    def _fill(self) -> bool:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        left = self.deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
        piece = os.read(self.descriptor, _BLOCK)
        self._held += piece
        return bool(piece)


@contextmanager
def confined_child(
    request: dict[str, Any], limits: RebuildLimits, sources: Sequence[int]
) -> Iterator[tuple["subprocess.Popen[bytes]", ChildOutput]]:
    """Start a decoder that has `request` and the open files `sources`; it has ended with the block."""
    with confined_process("curation.imaging.child", sources) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        deadline = time.monotonic() + limits.wall_seconds
        with contextlib.suppress(BrokenPipeError), child.stdin:  # its end says how it died
            child.stdin.write(json.dumps(request).encode())
        descriptor = child.stdout.fileno()
        yield child, ChildOutput(descriptor, deadline, limits.answer_bytes, limits.produced_bytes)


@contextmanager
def confined_process(module: str, handed: Sequence[int]) -> Iterator["subprocess.Popen[bytes]"]:
    """Start `module` with two pipes, the open files `handed` and nothing else of this process.

    It is to put itself behind the walls before it reads anything. It has ended when the block is left.
    """
    child = _start(module, handed)
    try:
        yield child
    finally:
        _kill_session(child)
        for stream in (child.stdin, child.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):  # what was written last has no reader
                stream.close()


def _start(module: str, handed: Sequence[int]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-s", "-E", "-m", module, str(os.getpid()), *map(str, handed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # warnings of libraries quote what they read
        cwd=_ROOT,
        env=_ENVIRONMENT,
        close_fds=True,
        pass_fds=handed,
        start_new_session=True,
    )


def _kill_session(child: "subprocess.Popen[bytes]") -> None:
    """End the child and whatever it started; its session is its own."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
