"""The child's limits hold, the guilty file alone is refused, and a lying child is not believed."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from curation.imaging import __main__ as audit
from curation.imaging import sandbox
from curation.imaging.protocol import DEFAULT, BadAnswerError, NotRebuilt, RebuildLimits, Rebuilt, parse_event
from tests.curation.imaging.conftest import Rebuild, leftovers
from tests.factories import dicom as makers

ROOT = Path(sandbox.__file__).resolve().parents[2]
PROBE = """
import json, os, sys
from curation.imaging.confine import confine
from curation.imaging.protocol import RebuildLimits
from pathlib import Path
folder = Path({folder!r})
limits = RebuildLimits(cpu_seconds=1, written_file_bytes=1000)
granted = confine(limits, parent=os.getppid(), sources=[folder / "source"], folders=[folder / "out"])
{body}
"""


def probe(body: str, folder: Path = Path("/nonexistent")) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PROBE.format(body=body, folder=str(folder))],
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


def test_written_files_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "out" / "big"
    path.parent.mkdir()
    done = probe("with (folder / 'out' / 'big').open('wb') as stream: stream.write(bytes(2000))", tmp_path)
    assert "File too large" in done.stderr
    assert path.stat().st_size <= 1000


def test_no_network() -> None:
    done = probe(
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', 9), 1); state = 'open'\n"
        "except ConnectionRefusedError: state = 'reachable'\n"
        "except OSError: state = 'closed'\n"
        "print(json.dumps([granted.network, state]))"
    )
    granted, state = json.loads(done.stdout)
    assert state == ("closed" if granted else "reachable")


def test_few_files(tmp_path: Path) -> None:
    """The child reads its sources and writes its folders; the neighbours' files and ours are out of reach."""
    if not sandbox.confinement().files:
        pytest.skip("this kernel has no Landlock")
    for name in ("source", "other"):
        (tmp_path / name).write_text(name)
    (tmp_path / "out").mkdir()
    tries = {
        "(folder / 'source').read_text()": True,
        "(folder / 'other').read_text()": False,
        "(folder / 'out' / 'x').write_text('x')": True,
        "(folder / 'y').write_text('x')": False,
        "(folder / 'source').write_text('x')": False,
        "list(folder.iterdir())": False,
        "Path('/etc/passwd').read_text()": False,
        "Path('/proc/1/environ').read_bytes()": False,
        "(Path.cwd() / 'pyproject.toml').read_text()": False,
        "(folder / 'other').unlink()": False,
    }
    body = "\n".join(f"try: {code}; print(True)\nexcept PermissionError: print(False)" for code in tries)
    assert probe(body, tmp_path).stdout.split() == [str(allowed) for allowed in tries.values()]


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

    monkeypatch.setattr("curation.imaging.sandbox.subprocess.Popen", spy)
    sandbox.rebuild([makers.dicom(tmp_path / "x.dcm")], out, key=makers.KEY)
    assert set(seen["env"]) == {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LC_ALL"}
    assert seen["close_fds"] is True
    assert seen["start_new_session"] is True
    assert makers.KEY.hex() not in " ".join(seen["command"]) + str(seen["env"])


def broken_decoder(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Let the child run `body` instead of its own code, with `request` already read."""
    program = f"import json, os, sys, time\nrequest = json.load(sys.stdin)\n{body}"
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        return real([command[0], "-c", program], **options)

    monkeypatch.setattr("curation.imaging.sandbox.subprocess.Popen", start)


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
    ],
)
def test_a_child_that_dies_or_lies(
    tmp_path: Path, run: Rebuild, out: Path, monkeypatch: pytest.MonkeyPatch, body: str, code: str
) -> None:
    broken_decoder(monkeypatch, body)
    (refusal,) = run(makers.dicom(tmp_path / "x.dcm"), limits=replace(DEFAULT, wall_seconds=1.5))
    assert isinstance(refusal, NotRebuilt)
    assert refusal.code == code
    assert leftovers(out) == []


def good_part(folder: Path) -> dict:
    """The true answer of a child for one file, with its files in `folder`."""
    from curation.imaging.child import Budget, _rebuild

    path = makers.dicom(folder.parent / "good.dcm")
    task = {"file_index": 0, "path": path, "folder": folder, "first": 0}
    part: dict = json.loads(json.dumps(asdict(_rebuild(task, DEFAULT, makers.KEY, Budget(128, 1 << 30)))))
    return part


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
    folder = tmp_path / "image-0000"
    folder.mkdir()
    part = good_part(folder)

    def take(answer: dict) -> sandbox._Work:
        work = sandbox._Work(file_index=0, source=tmp_path / "good.dcm", folder=folder)
        sandbox._take([json.dumps(answer).encode()], {0: work}, DEFAULT)
        return work

    def caught(answer: dict) -> bool:
        try:
            take(answer)
        except BadAnswerError:
            return True
        return False

    for name, lie in lies(part).items():
        assert caught(lie), f"the lie about {name} was believed"
    (folder / "smuggled.txt").write_text("x")
    with pytest.raises(BadAnswerError, match="unannounced"):
        take(part)
    (folder / "smuggled.txt").unlink()
    thumb = (folder / "thumb.png").read_bytes()
    (folder / "thumb.png").unlink()
    (tmp_path / "elsewhere.png").write_bytes(thumb)
    (folder / "thumb.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(BadAnswerError, match="missing"):
        take(part)
    (folder / "thumb.png").unlink()
    (folder / "thumb.png").write_bytes(thumb)
    assert isinstance(take(part).outcome, Rebuilt)


def test_only_the_guilty_file_is_refused(
    tmp_path: Path, run: Rebuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that kills its child takes none of the others with it."""
    killer = "import os; from curation.imaging import child; real = child._open\n" + (
        "def opened(path, limits, key):\n"
        "    if path.name == 'killer.dcm': os.abort()\n"
        "    return real(path, limits, key)\n"
        "child._open = opened; raise SystemExit(child.main())"
    )
    real = subprocess.Popen
    monkeypatch.setattr(
        "curation.imaging.sandbox.subprocess.Popen",
        lambda command, **kwargs: real([command[0], "-c", killer, command[-1]], **kwargs),
    )
    good = [makers.dicom(tmp_path / f"{i}.dcm") for i in range(3)]
    guilty = makers.dicom(tmp_path / "killer.dcm")
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


def test_parse_event_accepts_only_its_own_shape() -> None:
    unknown = {"file_index": 0, "code": "unknown", "message": "x"}
    values: tuple[Any, ...] = (None, 3, [], {}, {"code": "damaged"}, unknown)
    for value in values:
        with pytest.raises(BadAnswerError):
            parse_event(value)


def test_the_audit_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = makers.dicom(tmp_path / "a.dcm"), tmp_path / "b.dcm"
    bad.write_bytes(b"%PDF-1.7")
    assert audit.main([str(good), str(bad), "--out", str(tmp_path / "new")]) == 1
    kept, refused = map(json.loads, capsys.readouterr().out.splitlines())
    assert (kept["kept"], kept["folder"], kept["facts"]["kind"]) == (True, "image-0000", "grey")
    assert (refused["kept"], refused["code"]) == (False, "not_an_image")
    assert audit.main([str(good), "--out", str(tmp_path / "other")]) == 0
    with pytest.raises(SystemExit) as ended:
        audit.main([str(good), "--out", str(tmp_path / "new")])
    assert ended.value.code == 2
