"""The child's limits hold, the guilty file alone is refused, and a lying child is not believed."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from curation.imaging import __main__ as audit
from curation.imaging import sandbox
from curation.imaging.child_process import ChildOutput
from curation.imaging.protocol import (
    DEFAULT,
    BadAnswerError,
    NotRebuilt,
    RebuildLimits,
    Rebuilt,
    parse_event,
    parse_walls,
)
from curation.imaging.walls import Wall, described
from tests.curation.imaging.conftest import Rebuild, leftovers
from tests.factories import dicom as makers

ROOT = Path(sandbox.__file__).resolve().parents[2]
PROBE = """
import os
from curation.imaging.confine import take_limits
from curation.imaging.protocol import RebuildLimits
take_limits(RebuildLimits(cpu_seconds=1), parent=os.getppid())
{body}
"""
ZEROS = hashlib.sha256(bytes(1 << 16)).hexdigest()
WALLS = json.dumps({"walls": sorted(Wall)})


def probe(body: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PROBE.format(body=body)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_memory_is_limited() -> None:
    assert "MemoryError" in probe("bytearray(1100 << 20)").stderr


def test_processor_time_is_limited() -> None:
    assert probe("while True: pass").returncode == -signal.SIGXCPU


def test_nothing_is_written_to_files(tmp_path: Path) -> None:
    path = tmp_path / "any"
    done = probe(f"open({str(path)!r}, 'wb', buffering=0).write(b'x')")
    assert "File too large" in done.stderr
    assert path.stat().st_size == 0


def test_no_further_process() -> None:
    done = probe("import subprocess; subprocess.run(['true'])")
    # The kernel exempts the superuser from RLIMIT_NPROC.
    assert os.geteuid() == 0 or "Resource temporarily unavailable" in done.stderr


def test_nothing_of_the_environment_reaches_the_child(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    seen: dict = {}
    real = subprocess.Popen

    def spy(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        return real(command, **options)

    monkeypatch.setattr("curation.imaging.child_process.subprocess.Popen", spy)
    sandbox.rebuild([makers.dicom(tmp_path / "x.dcm")], out, key=makers.KEY)
    plain = {"ARROW_DEFAULT_MEMORY_POOL", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LC_ALL"}
    assert set(seen["env"]) == plain
    assert seen["close_fds"] is True
    assert len(seen["pass_fds"]) == 1
    assert seen["start_new_session"] is True
    assert makers.KEY.hex() not in " ".join(seen["command"]) + str(seen["env"])


def broken_decoder(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Let the child run `body` instead of its own code, with `request` already read and its walls told."""
    program = (
        f"import json, os, sys, time\nrequest = json.load(sys.stdin)\nprint({WALLS!r}, flush=True)\n{body}"
    )
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        return real([command[0], "-c", program], **options)

    monkeypatch.setattr("curation.imaging.child_process.subprocess.Popen", popen)


def announced(**file: Any) -> str:
    """A child's line that announces a file, as code."""
    name = {"name": "frame-0000.bin", "sha256": "0" * 64, "size": 1}
    return f"print({json.dumps({'file_index': 0, 'file': name | file})!r}, flush=True)"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("os.abort()", "crashed"),
        ("os.kill(os.getpid(), 9)", "out_of_memory"),
        ("time.sleep(60)", "out_of_time"),
        ("sys.exit(3)", "crashed"),
        ("pass", "bad_answer"),
        ("print('{}')", "bad_answer"),
        ("print('[' * 100000)", "bad_answer"),
        ("print('x' * 9_000_000)", "bad_answer"),
        ("print(json.dumps({'file_index': 7, 'code': 'damaged', 'message': 'x'}))", "bad_answer"),
        ("print(json.dumps({'file_index': 0, 'code': 'damaged', 'message': 'line\\nfeed'}))", "bad_answer"),
        (f"{announced()}; print('x')", "bad_answer"),
        (f"{announced(name='../../escaped.png')}; print('x')", "bad_answer"),
        (f"{announced(size=300 << 20)}; print('x')", "bad_answer"),
        (f"{announced(sha256=hashlib.sha256(b'x').hexdigest())}; print('x', end='')\n" * 2, "bad_answer"),
        (f"{announced(size=9)}; print('x', flush=True); time.sleep(60)", "out_of_time"),
        ("os.close(1); time.sleep(60)", "out_of_time"),
    ],
)
def test_a_child_that_dies_or_lies(
    tmp_path: Path, run: Rebuild, out: Path, monkeypatch: pytest.MonkeyPatch, body: str, code: str
) -> None:
    broken_decoder(monkeypatch, body)
    seconds = 0.7 if code == "out_of_time" else DEFAULT.wall_seconds
    (refusal,) = run(makers.dicom(tmp_path / "x.dcm"), limits=replace(DEFAULT, wall_seconds=seconds))
    assert isinstance(refusal, NotRebuilt)
    assert refusal.code == code
    assert leftovers(out) == []
    assert not list(tmp_path.rglob("escaped*"))


def test_a_child_cannot_fill_the_disk(
    tmp_path: Path, run: Rebuild, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [announced(name=f"frame-{i:04d}.bin", size=1 << 16, sha256=ZEROS) for i in range(9)]
    send = "; print(chr(0) * (1 << 16), end='', flush=True)\n"
    broken_decoder(monkeypatch, send.join([*files, ""]))
    (refusal,) = run(makers.dicom(tmp_path / "x.dcm"), limits=replace(DEFAULT, produced_bytes=1 << 19))
    assert (refusal.code, leftovers(out)) == ("bad_answer", [])


def good_answer(source: Path) -> tuple[dict, bytes]:
    """The true answer of a child for one file: its part, and the files that came before."""
    from curation.imaging.child import Budget, _rebuild
    from curation.imaging.frame_stream import FrameStream

    sent = io.BytesIO()
    with source.open("rb") as stream:
        part = _rebuild(stream, FrameStream(sent, 0, DEFAULT), 0, makers.KEY, Budget(128, 1 << 30))
    return json.loads(json.dumps(asdict(part))), sent.getvalue()


def lies(part: dict) -> dict[str, dict]:
    def changed(**fields: Any) -> dict:
        return part | fields

    def facts(**fields: Any) -> dict:
        return part | {"facts": part["facts"] | fields}

    escaped = [dict(part["files"][0], name="../../escaped.png"), *part["files"][1:]]
    return {
        "name": changed(files=escaped),
        "hash": changed(files=[dict(part["files"][0], sha256="0" * 64), *part["files"][1:]]),
        "size": changed(files=[dict(part["files"][0], size=1), *part["files"][1:]]),
        "missing file": changed(files=part["files"][1:]),
        "twice": changed(files=[part["files"][0], *part["files"]]),
        "digests": changed(digests=[]),
        "frames": facts(frames=2),
        "too many frames": facts(frames=9000),
        "free text": facts(body_part="JOHN SMITH"),
        "name as modality": facts(modality="DOE"),
        "preset": facts(presets=[{"name": "John", "center": 1, "width": 2}]),
        "infinite": facts(slope=float("inf")),
        "age": facts(age_years=97),
        "extra field": facts(patient="John"),
        "boolean as number": facts(rows=True),
        "no facts": changed(facts=None),
        "decoder": facts(decoder="gdcm"),
    }


def test_every_lie_is_found(tmp_path: Path) -> None:
    source, said = makers.dicom(tmp_path / "good.dcm"), tmp_path / "said"
    part, files = good_answer(source)
    decoder = sandbox._Decoder(makers.KEY, DEFAULT, ())

    def take(answer: dict, before: bytes = files, after: bytes = b"") -> sandbox._Work:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        work = sandbox._Work(file_index=0, source=source, folder=folder)
        said.write_bytes(WALLS.encode() + b"\n" + before + json.dumps(answer).encode() + b"\n" + after)
        with said.open("rb") as stream:
            output = ChildOutput(
                stream.fileno(), time.monotonic() + 9, DEFAULT.answer_bytes, DEFAULT.produced_bytes
            )
            sandbox._listen(output, {0: work}, decoder)
        return work

    def caught(*answer: Any) -> bool:
        try:
            take(*answer)
        except BadAnswerError:
            return True
        return False

    for name, lie in lies(part).items():
        assert caught(lie), f"the lie about {name} was believed"
    assert caught(part, files[:-1] + b"x"), "other bytes than announced were believed"
    assert caught(part, files + files), "files that came twice were believed"
    assert caught(part, files, files), "files after the last part were believed"
    assert isinstance(take(part).outcome, Rebuilt)


def test_only_the_guilty_file_is_refused(
    tmp_path: Path, run: Rebuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that kills its child takes none of the others with it."""
    killer = "import os; from curation.imaging import child; real = child._open\n" + (
        "def opened(source, limits, key):\n"
        "    if b'killer' in source.read(): os.abort()\n"
        "    source.seek(0)\n"
        "    return real(source, limits, key)\n"
        "child._open = opened; raise SystemExit(child.main())"
    )
    real = subprocess.Popen
    monkeypatch.setattr(
        "curation.imaging.child_process.subprocess.Popen",
        lambda command, **kwargs: real([command[0], "-c", killer, *command[5:]], **kwargs),
    )
    good = [makers.dicom(tmp_path / f"{i}.dcm") for i in range(3)]
    guilty = makers.dicom(tmp_path / "x.dcm", PatientName="killer")
    outcomes = run(good[0], guilty, good[1], good[2])
    assert [type(outcome) for outcome in outcomes] == [Rebuilt, NotRebuilt, Rebuilt, Rebuilt]
    assert outcomes[1].code == "crashed"
    assert [outcome.file_index for outcome in outcomes] == [0, 1, 2, 3]


def test_sources_that_are_not_there_or_too_large(tmp_path: Path, run: Rebuild) -> None:
    big = tmp_path / "big.dcm"
    with big.open("wb") as stream:
        stream.truncate(3 << 20)
    missing, large = run(tmp_path / "none.dcm", big, limits=RebuildLimits(source_bytes=2 << 20))
    assert missing.code == "not_an_image"
    assert large.message == "The file is larger than 2 MiB."


def test_short_keys_are_not_taken(out: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        sandbox.rebuild([], out, key=b"short")


def test_a_filled_folder_is_left_alone(out: Path) -> None:
    (out / "image-0000").mkdir()
    with pytest.raises(ValueError, match="empty"):
        sandbox.rebuild([], out, key=makers.KEY)


def test_nothing_to_do(run: Rebuild) -> None:
    assert run() == []


def test_only_lines_of_the_protocol_are_read() -> None:
    unknown = {"file_index": 0, "code": "unknown", "message": "x"}
    values: tuple[Any, ...] = (None, 3, [], {}, {"code": "damaged"}, {"walls": ["moat"]}, unknown)
    for value in values:
        for parse in (parse_event, parse_walls):
            with pytest.raises(BadAnswerError):
                parse(json.dumps(value).encode())


def test_the_audit_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = makers.dicom(tmp_path / "a.dcm"), tmp_path / "b.dcm"
    bad.write_bytes(b"%PDF-1.7")
    assert audit.main([str(good), str(bad), "--out", str(tmp_path / "new")]) == 1
    told = capsys.readouterr()
    kept, refused = map(json.loads, told.out.splitlines())
    assert told.err.splitlines() == described(frozenset(Wall), without=())
    assert (kept["kept"], kept["folder"], kept["facts"]["kind"]) == (True, "image-0000", "grey")
    assert (refused["kept"], refused["code"]) == (False, "not_an_image")
    assert audit.main([str(good), "--out", str(tmp_path / "other")]) == 0
    with pytest.raises(SystemExit) as ended:
        audit.main([str(good), "--out", str(tmp_path / "new")])
    assert ended.value.code == 2
