"""The confined process: reads a request on stdin, decodes what was opened for it, answers on stdout.

Run by sandbox.py only. Decoders are imported after the limits are in force and before the walls close; after
that it can open nothing. An answer is one JSON line per part, and one per file made with its bytes behind it.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from curation.imaging.confine import own_stdout, take_limits, wall_off
from curation.imaging.frame_stream import FrameStream
from curation.imaging.protocol import Part, RebuildLimits
from curation.imaging.refusal import RefusedError
from curation.imaging.vocabulary import RefusalCode
from curation.imaging.walls import Wall, missing_walls

if TYPE_CHECKING:
    from curation.imaging.picture import Picture


@dataclass(slots=True)
class Budget:
    """What is left of the frames and samples of one batch."""

    frames: int
    samples: int

    def spend(self, samples: int) -> None:
        """Count one frame of so many samples."""
        self.frames -= 1
        self.samples -= samples

    @property
    def spent(self) -> bool:
        """Whether the next frame belongs to the next process."""
        return self.frames <= 0 or self.samples <= 0


def main() -> int:
    """Serve one request; exit status 0 also when files were refused or left for the next process.

    The first line of the answer says which walls stand. Where one is missing that nobody signed for, it is
    the only line: no byte of a source is read then.
    """
    request = json.load(sys.stdin)
    limits = RebuildLimits(**request["limits"])
    answers = own_stdout()
    isolated = take_limits(limits, parent=int(sys.argv[1]))
    tasks = request["tasks"]
    if tasks:  # without: somebody only asks which walls stand
        from curation.imaging.decoders import load_decoders

        load_decoders()
    sources = [os.fdopen(task["source"], "rb") for task in tasks]
    standing = wall_off(isolated=isolated)
    _tell(answers, {"walls": sorted(standing)})
    if missing_walls(standing, without=[Wall(word) for word in request["without"]]):
        return 0
    key, budget = bytes.fromhex(request["key"]), Budget(limits.batch_frames, limits.batch_samples)
    for task, source in zip(tasks, sources, strict=True):
        if budget.spent:
            break
        stream = FrameStream(answers, task["file_index"], limits)
        _tell(answers, _serve(source, stream, task["first"], key, budget))
    return 0


def _tell(answers: BinaryIO, event: dict[str, Any]) -> None:
    answers.write(json.dumps(event).encode() + b"\n")
    answers.flush()


def _serve(source: BinaryIO, stream: FrameStream, first: int, key: bytes, budget: Budget) -> dict[str, Any]:
    try:
        return asdict(_rebuild(source, stream, first, key, budget))
    except RefusedError as refused:
        code, message = refused.code, refused.message
    except MemoryError:
        code, message = RefusalCode.OUT_OF_MEMORY, "Decoding the file needs more memory than is allowed."
    except RecursionError:
        code, message = RefusalCode.DAMAGED, "The file is damaged: its header is nested too deeply."
    except Exception:  # the last line: the text of an unknown error may quote the patient
        code, message = RefusalCode.DAMAGED, "The file is damaged: it could not be decoded."
    return {"file_index": stream.file_index, "code": code, "message": message}


def _rebuild(source: BinaryIO, stream: FrameStream, first: int, key: bytes, budget: Budget) -> Part:
    from curation.imaging.frame_files import write_frame, write_pictures

    picture = _open(source, stream.limits, key)
    facts = write_pictures(stream, picture, stream.limits) if first == 0 else None
    digests: list[str] = []
    for index in range(first, picture.frames):
        if digests and budget.spent:
            break
        frame = picture.frame(index)
        digests.append(write_frame(stream, index, frame))
        budget.spend(frame.size)
    return Part(
        file_index=stream.file_index,
        first=first,
        until=first + len(digests),
        facts=facts,
        files=tuple(stream.produced),
        digests=tuple(digests),
    )


def _open(source: BinaryIO, limits: RebuildLimits, key: bytes) -> "Picture":
    from curation.imaging.dicom import DicomPicture
    from curation.imaging.photo import PhotoPicture
    from curation.imaging.sniff import HEAD_BYTES, kind_of

    kind = kind_of(source.read(HEAD_BYTES))
    source.seek(0)
    if kind == "DICOM":
        return DicomPicture(source, limits, key)
    if kind in {"PNG", "JPEG"}:
        return PhotoPicture(source, limits)
    raise RefusedError(RefusalCode.NOT_AN_IMAGE, f"The file is {kind}, not a DICOM, PNG or JPEG image.")


if __name__ == "__main__":
    sys.exit(main())
