"""The gate from outside: starts the process that looks, hands it the files, answers it, believes its verdict.

Whatever else happens to that process is a refusal: it dies, falls silent or says what it may not.
"""

import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from curation.gate.look import wrong_name
from curation.gate.protocol import (
    FILES,
    CleanAsked,
    FilesAsked,
    GateLimits,
    LookEnded,
    Objection,
    ReadTold,
    Record,
    Wanted,
    parse_said,
)
from curation.imaging.child_process import ChildOutput, confined_process
from curation.imaging.protocol import BadAnswerError, parse_walls
from curation.imaging.walls import Wall, WallsMissing, missing_walls

CHECK_SECONDS: Final = 1.0
END_SECONDS: Final = 10.0
DEFAULT_LIMITS: Final = GateLimits()
UNDONE: Final = "Nothing is exported on this server: the process that would look at the finished files"
NOT_LOOKED_AT: Final = Objection(
    "The finished files could not be looked at: the process that reads them ended, fell silent or gave a "
    "wrong answer. Start the export again; if this comes back, tell the operator."
)


def never_stops() -> None:
    """For a look that nobody can call off."""


def objection_to(
    folder: Path,
    wanted: Wanted,
    record: Record,
    *,
    without: Collection[Wall] = (),
    check: Callable[[], None] = never_stops,
    limits: GateLimits = DEFAULT_LIMITS,
) -> Objection | None:
    """Why the files in `folder` may not leave; None when they may.

    `check` is called at least about once a second and may raise to stop. Raises WallsMissing, before a byte
    is looked at, when a wall does not stand that is not named in `without`; OSError from reading `folder`.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in paths:
        if path.is_symlink() or not path.is_file():
            return wrong_name(path.relative_to(folder).as_posix()).objection
    size = sum(path.stat().st_size for path in paths)
    request = {
        "limits": asdict(limits),
        "size": size,
        "has_parquet": any(path.suffix == ".parquet" for path in paths),
        "without": sorted(without),
        "wanted": wanted.to_json(),
    }
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, confined_process("curation.gate.child", [theirs.fileno()]) as child:
        theirs.close()
        assert child.stdout is not None
        output = ChildOutput(child.stdout.fileno(), 0.0, limits.answer_bytes_for(size), 0)
        over = time.monotonic() + limits.seconds_for(size)
        handed = ((path.relative_to(folder).as_posix(), path) for path in paths)
        look = _Look(child, output, ours, handed, record, check, over, limits.silent_seconds)
        try:
            look.write(request)
            look.require_walls(without)
            return look.verdict()
        except (BadAnswerError, TimeoutError, EOFError):
            return NOT_LOOKED_AT


@dataclass(slots=True)
class _Look:
    """One process that looks, and what it has not been handed yet."""

    child: "subprocess.Popen[bytes]"
    output: ChildOutput
    socket: socket.socket
    files: Iterator[tuple[str, Path]]
    record: Record
    check: Callable[[], None]
    over: float
    silent_seconds: float
    is_all_handed: bool = field(default=False)

    def require_walls(self, without: Collection[Wall]) -> None:
        """Its first line was written before it was handed a file, so that line is its own."""
        if missing := missing_walls(parse_walls(self._line()), without=without):
            raise WallsMissing(missing, UNDONE)

    def verdict(self) -> Objection | None:
        """Serve it until it has come to a verdict, ended, or been silent too long."""
        while True:
            match parse_said(self._line()):
                case FilesAsked():
                    self._hand_over()
                case CleanAsked(digests):
                    self.write(sorted(self.record.known(digests)))
                case ReadTold(digests):
                    self.record.remember(digests)
                case LookEnded(objection):
                    self._require_end(passed=objection is None)
                    return objection
            self.check()

    def write(self, what: Any) -> None:
        """Write one line to the process, which may be slow to read it. Raises EOFError, TimeoutError."""
        assert self.child.stdin is not None
        pipe, left = self.child.stdin.fileno(), memoryview(json.dumps(what).encode() + b"\n")
        os.set_blocking(pipe, False)
        silent = time.monotonic() + self.silent_seconds
        while left:
            poll = select.poll()
            poll.register(pipe, select.POLLOUT)
            if poll.poll(CHECK_SECONDS * 1000):
                try:
                    left = left[os.write(pipe, left) :]
                except BrokenPipeError as error:
                    raise EOFError from error
            elif time.monotonic() > min(silent, self.over):
                raise TimeoutError
            else:
                self.check()

    def _line(self) -> bytes:
        over = min(time.monotonic() + self.silent_seconds, self.over)
        while True:
            self.output.deadline = min(time.monotonic() + CHECK_SECONDS, over)
            try:
                line = self.output.line()
            except TimeoutError:
                if time.monotonic() >= over:
                    raise
                self.check()
                continue
            if line is None:
                raise EOFError
            return line

    def _hand_over(self) -> None:
        """Open the next files and send them; without any left, an empty list."""
        some = list(islice(self.files, FILES))
        self.is_all_handed = not some
        names = json.dumps([name for name, _ in some]).encode()
        with ExitStack() as stack:
            opened = []
            for _, path in some:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                stack.callback(os.close, descriptor)
                opened.append(descriptor)
            try:
                socket.send_fds(self.socket, [names], opened, socket.MSG_DONTWAIT)
            except OSError as error:
                raise EOFError from error

    def _require_end(self, *, passed: bool) -> None:
        """After its verdict it ends; and it can only let pass what it was handed to the last file."""
        if passed and not self.is_all_handed:
            raise BadAnswerError("a verdict before the last file")
        self.output.deadline = time.monotonic() + END_SECONDS
        if self.output.line() is not None:
            raise BadAnswerError("more after the verdict")
        try:
            status = self.child.wait(END_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        if status != 0:
            raise EOFError
