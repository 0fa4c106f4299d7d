"""The confined process: reads a request on stdin, decodes, writes files, answers one JSON line per part.

Run by sandbox.py only. Decoders are imported after the limits are in force.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from curation.imaging.confine import confine
from curation.imaging.protocol import Part, RebuildLimits
from curation.imaging.refusal import RefusedError
from curation.imaging.vocabulary import RefusalCode

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
    """Serve one request; exit status 0 also when files were refused or left for the next process."""
    request = json.load(sys.stdin)
    limits = RebuildLimits(**request["limits"])
    answers = _own_stdout()
    tasks = request["tasks"]
    confine(
        limits,
        parent=int(sys.argv[1]),
        sources=[Path(task["path"]) for task in tasks],
        folders=[Path(task["folder"]) for task in tasks],
    )
    key = bytes.fromhex(request["key"])
    budget = Budget(limits.batch_frames, limits.batch_samples)
    for task in tasks:
        if budget.spent:
            break
        answers.write(json.dumps(_serve(task, limits, key, budget)) + "\n")
        answers.flush()
    return 0


def _own_stdout() -> TextIO:
    """Keep stdout for answers alone: what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    return answers


def _serve(task: dict[str, Any], limits: RebuildLimits, key: bytes, budget: Budget) -> dict[str, Any]:
    try:
        return asdict(_rebuild(task, limits, key, budget))
    except RefusedError as refused:
        code, message = refused.code, refused.message
    except MemoryError:
        code, message = RefusalCode.OUT_OF_MEMORY, "Decoding the file needs more memory than is allowed."
    except RecursionError:
        code, message = RefusalCode.DAMAGED, "The file is damaged: its header is nested too deeply."
    except OSError:
        code, message = (
            RefusalCode.TOO_LARGE,
            "The rebuilt image could not be written: it is too large for this server.",
        )
    except Exception:  # the last line: the text of an unknown error may quote the patient
        code, message = RefusalCode.DAMAGED, "The file is damaged: it could not be decoded."
    return {"file_index": task["file_index"], "code": code, "message": message}


def _rebuild(task: dict[str, Any], limits: RebuildLimits, key: bytes, budget: Budget) -> Part:
    from curation.imaging.frame_files import FrameFolder, write_frame, write_pictures

    picture = _open(Path(task["path"]), limits, key)
    folder = FrameFolder(Path(task["folder"]))
    first = int(task["first"])
    facts = write_pictures(folder, picture, limits) if first == 0 else None
    digests: list[str] = []
    for index in range(first, picture.frames):
        if digests and budget.spent:
            break
        frame = picture.frame(index)
        digests.append(write_frame(folder, index, frame))
        budget.spend(frame.size)
    return Part(
        file_index=task["file_index"],
        first=first,
        until=first + len(digests),
        facts=facts,
        files=tuple(folder.produced),
        digests=tuple(digests),
    )


def _open(path: Path, limits: RebuildLimits, key: bytes) -> "Picture":
    from curation.imaging.dicom import DicomPicture
    from curation.imaging.photo import PhotoPicture
    from curation.imaging.sniff import HEAD_BYTES, kind_of

    with path.open("rb") as stream:
        kind = kind_of(stream.read(HEAD_BYTES))
    if kind == "DICOM":
        return DicomPicture(path, limits, key)
    if kind in {"PNG", "JPEG"}:
        return PhotoPicture(path, limits)
    raise RefusedError(RefusalCode.NOT_AN_IMAGE, f"The file is {kind}, not a DICOM, PNG or JPEG image.")


if __name__ == "__main__":
    sys.exit(main())
