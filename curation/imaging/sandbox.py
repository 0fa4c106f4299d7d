"""The parent's side: every source is decoded in a confined child whose every answer is checked.

This process never opens a source with a decoder; it hashes bytes and compares.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from curation.imaging.confine import Granted
from curation.imaging.protocol import (
    DEFAULT,
    BadAnswerError,
    Facts,
    NotRebuilt,
    Part,
    Produced,
    RebuildLimits,
    Rebuilt,
    parse_event,
)
from curation.imaging.vocabulary import RefusalCode

_ROOT: Final = Path(__file__).resolve().parents[2]
_BLOCK: Final = 1 << 20
# Nothing of the parent's environment is passed on. One thread per library: RLIMIT_NPROC allows no more.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

# How a child can end badly, as told to the owner of the file.
_DEATHS: Final = {
    RefusalCode.OUT_OF_MEMORY: "Decoding the file needs more memory than is allowed.",
    RefusalCode.OUT_OF_TIME: "Decoding the file takes longer than is allowed.",
    RefusalCode.CRASHED: "Decoding the file brought the decoder down; the file is damaged or hostile.",
    RefusalCode.BAD_ANSWER: "The decoder gave an answer that failed its checks; the file was not kept.",
}


@dataclass(slots=True)
class _Work:
    """One source on its way: how far it came and what was produced."""

    file_index: int
    source: Path
    folder: Path
    first: int = 0
    facts: Facts | None = None
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
        self.first, self.facts, self.files, self.digests = 0, None, [], []


def rebuild(
    files: Sequence[Path], out: Path, *, key: bytes, limits: RebuildLimits = DEFAULT
) -> list[Rebuilt | NotRebuilt]:
    """Rebuild every file of `files` into `out/image-NNNN` and return one outcome per file, in order.

    `out` must exist and be empty; `key` (16 bytes or more) keys the hashes of identifiers. Files share
    child processes of at most `limits.batch_frames` frames. When a child dies, its unfinished files are tried
    one by one, so that only the guilty one is refused. A refused file leaves nothing in `out`. Raises
    ValueError for a short key or a filled folder, OSError when `out` cannot be written.
    """
    if len(key) < 16:
        raise ValueError("the key must have 16 bytes or more")
    if any(out.iterdir()):
        raise ValueError("the output folder must be empty")
    # Paths of the request are absolute: the child runs in another directory.
    place = out.resolve(strict=True)
    works = [
        _Work(file_index=i, source=path.resolve(), folder=place / f"image-{i:04d}")
        for i, path in enumerate(files)
    ]
    for work in works:
        _check_source(work, limits)
    _run_batch([work for work in works if work.outcome is None], key, limits)
    return [work.outcome for work in works if work.outcome is not None]


def confinement() -> Granted:
    """Return which optional walls a child gets on this machine; for the checks of an installation."""
    program = (
        "import json, os\n"
        "from dataclasses import asdict\n"
        "from curation.imaging.confine import confine\n"
        "from curation.imaging.protocol import DEFAULT\n"
        "print(json.dumps(asdict(confine(DEFAULT, parent=os.getppid()))))"
    )
    command = [sys.executable, "-s", "-E", "-c", program]
    done = subprocess.run(command, cwd=_ROOT, env=_ENVIRONMENT, capture_output=True, timeout=30, check=True)
    return Granted(**json.loads(done.stdout))


def _check_source(work: _Work, limits: RebuildLimits) -> None:
    if not work.source.is_file():
        work.refuse(RefusalCode.NOT_AN_IMAGE, "The file cannot be found.")
    elif work.source.stat().st_size > limits.source_bytes:
        most = limits.source_bytes >> 20
        work.refuse(RefusalCode.TOO_LARGE, f"The file is larger than {most} MiB.")


def _run_batch(works: list[_Work], key: bytes, limits: RebuildLimits) -> None:
    """Run children until every work has an outcome."""
    waiting = works
    while waiting:
        before = sum(work.first for work in waiting) + len(works) - len(waiting)
        death = _run_child(waiting, key, limits)
        waiting = [work for work in waiting if work.outcome is None]
        if death is None and waiting:
            after = sum(work.first for work in waiting) + len(works) - len(waiting)
            death = None if after != before else RefusalCode.BAD_ANSWER
        if death is not None and waiting:
            _isolate(waiting, key, limits, death)
            return


def _isolate(waiting: list[_Work], key: bytes, limits: RebuildLimits, death: RefusalCode) -> None:
    if len(waiting) == 1:
        waiting[0].refuse(death, _DEATHS[death])
        return
    for work in waiting:
        work.restart()
        _run_batch([work], key, limits)


def _run_child(works: list[_Work], key: bytes, limits: RebuildLimits) -> RefusalCode | None:
    for work in works:
        if work.first == 0:
            shutil.rmtree(work.folder, ignore_errors=True)
            work.folder.mkdir(mode=0o700)
    with tempfile.TemporaryFile() as answers:
        death = _wait(_request(works, key, limits), answers, limits)
        answers.seek(0)
        said = answers.read(limits.answer_bytes + 1)
    if len(said) > limits.answer_bytes:
        return RefusalCode.BAD_ANSWER
    try:
        _take(said.split(b"\n")[:-1], {work.file_index: work for work in works}, limits)
    except BadAnswerError:
        return RefusalCode.BAD_ANSWER
    return death


def _request(works: list[_Work], key: bytes, limits: RebuildLimits) -> bytes:
    tasks = [
        {"file_index": w.file_index, "path": str(w.source), "folder": str(w.folder), "first": w.first}
        for w in works
    ]
    return json.dumps({"key": key.hex(), "limits": asdict(limits), "tasks": tasks}).encode()


def _wait(request: bytes, answers: IO[bytes], limits: RebuildLimits) -> RefusalCode | None:
    """Start a child, hand it the request and wait; its answers go to a file, so no pipe fills memory."""
    command = [sys.executable, "-s", "-E", "-m", "curation.imaging.child", str(os.getpid())]
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=subprocess.DEVNULL,  # warnings of decoders quote header values
        cwd=_ROOT,
        env=_ENVIRONMENT,
        close_fds=True,
        start_new_session=True,
    )
    try:
        child.communicate(request, timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired:
        return RefusalCode.OUT_OF_TIME
    finally:
        _kill_session(child)
    return _death_of(child.returncode)


def _kill_session(child: "subprocess.Popen[bytes]") -> None:
    """End the child and whatever it started; its session is its own."""
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _death_of(status: int) -> RefusalCode | None:
    if status == 0:
        return None
    if status == -signal.SIGXCPU:
        return RefusalCode.OUT_OF_TIME
    # SIGKILL that we did not send: the kernel's CPU hard limit or its memory killer.
    return RefusalCode.OUT_OF_MEMORY if status == -signal.SIGKILL else RefusalCode.CRASHED


def _take(lines: Iterable[bytes], works: dict[int, _Work], limits: RebuildLimits) -> None:
    for line in lines:
        try:
            event = parse_event(json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadAnswerError("not an answer") from error
        work = works.get(event.file_index)
        if work is None or work.outcome is not None:
            raise BadAnswerError("an answer about another file")
        if isinstance(event, NotRebuilt):
            work.refuse(event.code, event.message)
        else:
            _advance(work, event, limits)


def _advance(work: _Work, part: Part, limits: RebuildLimits) -> None:
    facts = part.facts or work.facts
    if facts is None or part.first != work.first or part.until > facts.frames or facts.frames > limits.frames:
        raise BadAnswerError("a part out of order")
    _check_names(part, facts, limits)
    for produced in part.files:
        _check_file(work.folder / produced.name, produced, limits)
    work.facts, work.first = facts, part.until
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


def _check_file(path: Path, produced: Produced, limits: RebuildLimits) -> None:
    try:
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise BadAnswerError("a file is missing") from error
    with stream:
        size = os.fstat(stream.fileno()).st_size
        if size != produced.size or size > limits.written_file_bytes or not path.is_file():
            raise BadAnswerError("a file is not of the size announced")
        if _sha256(stream) != produced.sha256:
            raise BadAnswerError("a file is not the one announced")


def _finish(work: _Work, facts: Facts) -> None:
    """Settle the file: nothing unannounced may lie in its folder; the report joins the rest."""
    if {entry.name for entry in work.folder.iterdir()} != {produced.name for produced in work.files}:
        raise BadAnswerError("unannounced files")
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
