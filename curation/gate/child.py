"""The process that looks: it is handed open files one after the other and can open nothing by itself.

Run by process.py only. What is looked for comes on stdin, files over a socket that is open already; questions
and at last the verdict go out as JSON lines. Everything that reading needs is loaded before the walls close.
"""

import io
import json
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from curation.gate.protocol import DIGESTS, FILES, GateLimits, Objection, Wanted
from curation.imaging.confine import own_stdout, take_limits, wall_off
from curation.imaging.walls import Wall, missing_walls

MESSAGE_BYTES: Final = 1 << 17
# Below this number lie the descriptors that are open already and those of one handful of files.
DESCRIPTORS: Final = 2 * FILES


class HandedFile(io.RawIOBase):
    """A file by its descriptor. Python's own `open` asks the kernel more than the walls allow."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into the buffer; the number of bytes, 0 at the end."""
        return os.readv(self._descriptor, [buffer])

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; the new place."""
        return os.lseek(self._descriptor, offset, whence)

    def close(self) -> None:
        """Close the descriptor."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class Parent:
    """The process that asked for the look, over stdin, stdout and the socket."""

    def __init__(self, answers: BinaryIO, files: socket.socket) -> None:
        self._answers, self._files = answers, files

    def tell(self, **event: Any) -> None:
        """Say one line."""
        self._answers.write(json.dumps(event).encode() + b"\n")
        self._answers.flush()

    def known(self, digests: Sequence[str]) -> set[str]:
        """Those of the digests that the record holds."""
        found: set[str] = set()
        for start in range(0, len(digests), DIGESTS):
            self.tell(ask="clean", digests=digests[start : start + DIGESTS])
            found.update(json.loads(sys.stdin.buffer.readline()))
        return found

    def remember(self, digests: Sequence[str]) -> None:
        """Have the record hold these too."""
        for start in range(0, len(digests), DIGESTS):
            self.tell(read=digests[start : start + DIGESTS])

    def files(self) -> Iterator[tuple[str, "io.BufferedReader[HandedFile]"]]:
        """Every file of the export, open, with its path in it."""
        while True:
            self.tell(ask="files")
            message, descriptors, _, _ = socket.recv_fds(self._files, MESSAGE_BYTES, FILES)
            if not (names := json.loads(message)):
                return
            for name, descriptor in zip(names, descriptors, strict=True):
                with io.BufferedReader(HandedFile(descriptor)) as stream:
                    yield name, stream


def main() -> int:
    """Serve one request; exit status 0 also when the export is refused.

    The first line of the answer says which walls stand. Where one is missing that nobody signed for, it is
    the only line: no byte of a file is read then.
    """
    request = json.loads(sys.stdin.buffer.readline())
    answers = own_stdout()
    limits = GateLimits(**request["limits"])
    files = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, int(sys.argv[2]))
    isolated = take_limits(limits.process_limits(request["size"]), parent=int(sys.argv[1]))
    _load(has_parquet=request["has_parquet"])
    wanted, parent = Wanted.from_json(request["wanted"]), Parent(answers, files)
    standing = wall_off(isolated=isolated, handed=DESCRIPTORS)
    parent.tell(walls=sorted(standing))
    if missing_walls(standing, without=[Wall(word) for word in request["without"]]):
        return 0
    if objection := _objection(wanted, parent):
        parent.tell(refused=objection.message, kind=objection.kind, digest=objection.digest)
    else:
        parent.tell(passed=True)
    return 0


def _load(*, has_parquet: bool) -> None:
    """Import and compile all that looking needs; later nothing can be opened any more."""
    import xml.etree.ElementTree

    import curation.gate.look
    import curation.text.find
    from curation.cards.own_words import own_words

    own_words()
    xml.etree.ElementTree.fromstring("<a/>")  # noqa: S314 - a constant
    for encoding in ("utf-8", "utf-16"):
        b"".decode(encoding)
    assert curation.gate.look
    assert curation.text.find
    if has_parquet:
        import pyarrow.compute
        import pyarrow.parquet

        pyarrow.set_cpu_count(1)


def _objection(wanted: Wanted, parent: Parent) -> Objection | None:
    """What is objected to the export; what cannot be read cannot be looked at, and may not leave."""
    from curation.gate.look import FileLook, Objected
    from curation.gate.watch import Watch

    look, name = FileLook(wanted, Watch(wanted, parent)), ""
    try:
        look.images()
        for name, stream in parent.files():
            look.file(name, stream)
    except Objected as objected:
        return objected.objection
    except Exception:  # the last line: the text of an unknown error may quote the patient
        return Objected(f"File {name}: it cannot be read to its end.").objection
    return None


if __name__ == "__main__":
    sys.exit(main())
