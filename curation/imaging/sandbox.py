"""The parent's side: every source is decoded in a confined child whose every answer is checked.

This process never opens a source with a decoder; it hashes bytes and compares.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from curation.imaging.child_process import ChildOutput, confined_child
from curation.imaging.protocol import (
    DEFAULT,
    BadAnswerError,
    Facts,
    Made,
    NotRebuilt,
    Part,
    Produced,
    RebuildLimits,
    Rebuilt,
    parse_event,
    parse_walls,
)
from curation.imaging.vocabulary import RefusalCode
from curation.imaging.walls import Wall, WallsMissing, missing_walls

_BLOCK: Final = 1 << 20

# How a child can end badly, as told to the owner of the file.
_DEATHS: Final = {
    RefusalCode.OUT_OF_MEMORY: "Decoding the file needs more memory than is allowed.",
    RefusalCode.OUT_OF_TIME: "Decoding the file takes longer than is allowed.",
    RefusalCode.CRASHED: "Decoding the file brought the decoder down; the file is damaged or hostile.",
    RefusalCode.BAD_ANSWER: "The decoder gave an answer that failed its checks; the file was not kept.",
}


@dataclass(frozen=True, slots=True)
class _Decoder:
    """What every child of one rebuild is told."""

    key: bytes
    limits: RebuildLimits
    without: tuple[Wall, ...]

    def request(self, works: Sequence["_Work"], sources: Sequence[int]) -> dict[str, Any]:
        """The request for files that are open as `sources`: the child learns numbers, no paths."""
        return {
            "key": self.key.hex(),
            "limits": asdict(self.limits),
            "without": self.without,
            "tasks": [
                {"file_index": work.file_index, "first": work.first, "source": source}
                for work, source in zip(works, sources, strict=True)
            ],
        }


@dataclass(slots=True)
class _Work:
    """One source on its way: how far it came and what was produced."""

    file_index: int
    source: Path
    folder: Path
    first: int = 0
    facts: Facts | None = None
    received: list[Produced] = field(default_factory=list)
    files: list[Produced] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    outcome: Rebuilt | NotRebuilt | None = None

    def refuse(self, code: RefusalCode, message: str) -> None:
        """Settle the file as refused and leave nothing of it behind."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.outcome = NotRebuilt(file_index=self.file_index, code=code, message=message)

    def restart(self) -> None:
        """Forget what was done: the next child begins at the first frame in an empty folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.first, self.facts, self.received, self.files, self.digests = 0, None, [], [], []


def rebuild(
    files: Sequence[Path],
    out: Path,
    *,
    key: bytes,
    limits: RebuildLimits = DEFAULT,
    without: Collection[Wall] = (),
) -> list[Rebuilt | NotRebuilt]:
    """Rebuild every file of `files` into `out/image-NNNN` and return one outcome per file, in order.

    `out` must exist and be empty; `key` (16 bytes or more) keys the hashes of identifiers. Files share
    child processes of at most `limits.batch_frames` frames. When a child dies, its unfinished files are tried
    one by one, so that only the guilty one is refused. A refused file leaves nothing in `out`. Raises
    WallsMissing, before a byte is decoded, when a wall does not stand that is not named in `without`;
    ValueError for a short key or a filled folder, OSError when `out` cannot be written.
    """
    if len(key) < 16:
        raise ValueError("the key must have 16 bytes or more")
    if any(out.iterdir()):
        raise ValueError("the output folder must be empty")
    works = [_Work(file_index=i, source=path, folder=out / f"image-{i:04d}") for i, path in enumerate(files)]
    for work in works:
        _check_source(work, limits)
    decoder = _Decoder(key, limits, tuple(without))
    accepted = [work for work in works if work.outcome is None]
    try:
        # A child serves at most so many frames, and so no more files.
        for start in range(0, len(accepted), limits.batch_frames):
            _run_batch(accepted[start : start + limits.batch_frames], decoder)
    except WallsMissing:
        for work in accepted:
            shutil.rmtree(work.folder, ignore_errors=True)
        raise
    return [work.outcome for work in works if work.outcome is not None]


def standing_walls() -> frozenset[Wall]:
    """Return the walls that a child gets on this machine; it is started for that and decodes nothing."""
    with confined_child(_Decoder(bytes(16), DEFAULT, ()).request([], []), DEFAULT, ()) as (_, output):
        line = output.line()
    return parse_walls(line) if line is not None else frozenset()


def _check_source(work: _Work, limits: RebuildLimits) -> None:
    if not work.source.is_file() or not os.access(work.source, os.R_OK):
        work.refuse(RefusalCode.NOT_AN_IMAGE, "The file cannot be found.")
    elif work.source.stat().st_size > limits.source_bytes:
        most = limits.source_bytes >> 20
        work.refuse(RefusalCode.TOO_LARGE, f"The file is larger than {most} MiB.")


def _run_batch(works: list[_Work], decoder: _Decoder) -> None:
    """Run children until every work has an outcome."""
    waiting = works
    while waiting:
        before = sum(work.first for work in waiting) + len(works) - len(waiting)
        death = _run_child(waiting, decoder)
        waiting = [work for work in waiting if work.outcome is None]
        if death is None and waiting:
            after = sum(work.first for work in waiting) + len(works) - len(waiting)
            death = None if after != before else RefusalCode.BAD_ANSWER
        if death is not None and waiting:
            _isolate(waiting, decoder, death)
            return


def _isolate(waiting: list[_Work], decoder: _Decoder, death: RefusalCode) -> None:
    if len(waiting) == 1:
        waiting[0].refuse(death, _DEATHS[death])
        return
    for work in waiting:
        work.restart()
        _run_batch([work], decoder)


def _run_child(works: list[_Work], decoder: _Decoder) -> RefusalCode | None:
    """Let one child work on the files; return how it ended, None when that was well."""
    with ExitStack() as stack:
        sources = [stack.enter_context(work.source.open("rb")).fileno() for work in works]
        for work in works:
            if work.first == 0:
                shutil.rmtree(work.folder, ignore_errors=True)
                work.folder.mkdir(mode=0o700)
        request = decoder.request(works, sources)
        child, output = stack.enter_context(confined_child(request, decoder.limits, sources))
        try:
            with suppress(EOFError):  # it ended within a file: its status says why
                _listen(output, {work.file_index: work for work in works}, decoder)
            child.wait(max(0.0, output.deadline - time.monotonic()))
        except BadAnswerError:
            return RefusalCode.BAD_ANSWER
        except (TimeoutError, subprocess.TimeoutExpired):
            return RefusalCode.OUT_OF_TIME
        return _death_of(child.returncode)


def _death_of(status: int) -> RefusalCode | None:
    if status == 0:
        return None
    if status == -signal.SIGXCPU:
        return RefusalCode.OUT_OF_TIME
    # SIGKILL that we did not send: the kernel's CPU hard limit or its memory killer.
    return RefusalCode.OUT_OF_MEMORY if status == -signal.SIGKILL else RefusalCode.CRASHED


def _listen(output: ChildOutput, works: dict[int, _Work], decoder: _Decoder) -> None:
    """Believe what passes the checks, until the child has nothing more to say.

    Its first line was written before it read a byte of a source, so that line is its own.
    """
    line = output.line()
    if line is not None and (missing := missing_walls(parse_walls(line), without=decoder.without)):
        raise WallsMissing(missing)
    while (line := output.line()) is not None:
        event = parse_event(line)
        work = works.get(event.file_index)
        if work is None or work.outcome is not None:
            raise BadAnswerError("an answer about another file")
        if isinstance(event, NotRebuilt):
            work.refuse(event.code, event.message)
        elif isinstance(event, Part):
            _advance(work, event, decoder.limits)
        else:
            _receive(work, event, output, decoder.limits)


def _receive(work: _Work, made: Made, output: ChildOutput, limits: RebuildLimits) -> None:
    """Write the bytes that come into a new file of the work's folder, and recompute their hash."""
    if made.file.size > limits.written_file_bytes:
        raise BadAnswerError("a file is larger than a file may be")
    digest = hashlib.sha256()
    try:
        with (work.folder / made.file.name).open("xb") as stream:
            for piece in output.pieces(made.file.size):
                digest.update(piece)
                stream.write(piece)
    except FileExistsError as error:
        raise BadAnswerError("a file came twice") from error
    if digest.hexdigest() != made.file.sha256:
        raise BadAnswerError("a file is not the one announced")
    work.received.append(made.file)


def _advance(work: _Work, part: Part, limits: RebuildLimits) -> None:
    facts = part.facts or work.facts
    if facts is None or part.first != work.first or part.until > facts.frames or facts.frames > limits.frames:
        raise BadAnswerError("a part out of order")
    if list(part.files) != work.received:
        raise BadAnswerError("the part names other files than came")
    _check_names(part, facts, limits)
    work.facts, work.first, work.received = facts, part.until, []
    work.files += part.files
    work.digests += part.digests
    if work.first == facts.frames:
        _finish(work, facts)


def _check_names(part: Part, facts: Facts, limits: RebuildLimits) -> None:
    """Require exactly the files this part must bring: its frames, and with the first part the pictures."""
    names = [produced.name for produced in part.files]
    frames = {f"frame-{i:04d}.bin" for i in range(part.first, part.until)}
    pictures = {name for name in names if name.startswith("model-")}
    expected = frames | pictures | ({"thumb.png"} if part.facts else set())
    models = min(facts.frames, limits.model_frames) if part.facts else 0
    if len(names) != len(set(names)) or set(names) != expected or len(pictures) != models:
        raise BadAnswerError("files are missing or too many")


def _finish(work: _Work, facts: Facts) -> None:
    """Settle the file: all of it is there; the report joins the rest."""
    by_name = {produced.name: produced for produced in work.files}
    with work.source.open("rb") as stream:
        source_sha256 = _sha256(stream)
    rebuilt = Rebuilt(
        file_index=work.file_index,
        folder=work.folder,
        facts=facts,
        frames=tuple(by_name[f"frame-{i:04d}.bin"] for i in range(facts.frames)),
        thumb=by_name["thumb.png"],
        models=tuple(by_name[name] for name in sorted(by_name) if name.startswith("model-")),
        pixel_sha256=_pixel_hash(facts, work.digests),
        source_sha256=source_sha256,
    )
    report = json.dumps(rebuilt.report(), indent=1, sort_keys=True)
    (work.folder / "report.json").write_text(report + "\n", encoding="utf-8")
    work.outcome = rebuilt


def _pixel_hash(facts: Facts, digests: list[str]) -> str:
    shape = f"{facts.kind} {facts.rows} {facts.columns} {facts.frames}\n"
    return hashlib.sha256((shape + "\n".join(digests)).encode()).hexdigest()


def _sha256(stream: IO[bytes]) -> str:
    digest: Any = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return str(digest.hexdigest())
