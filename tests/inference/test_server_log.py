"""The log of the model server stays small and keeps the newest lines."""

import subprocess
import sys
from pathlib import Path

from consilium.inference import server_log


def run(code: str, file: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        server_log.follow(process.stdout, file).join(30)


def test_the_log_is_bounded_and_keeps_the_end(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    run("print(*('line %d' % n + 'x' * 90 for n in range(30_000)), sep='\\n')", file)
    assert file.stat().st_size <= server_log.LIMIT
    assert file.read_text().splitlines()[-1].startswith("line 29999")
    assert file.stat().st_mode & 0o077 == 0


def test_a_restart_keeps_what_the_last_server_said(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    run("print('first')", file)
    run("print('second')", file)
    assert file.read_text() == "first\nsecond\n"


def test_logs_of_workers_that_are_gone_are_dropped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (tmp_path / f"{gone.pid}.log").touch()
    (tmp_path / "1.log").touch()
    server_log.drop_old(tmp_path)
    assert [log.name for log in tmp_path.iterdir()] == ["1.log"]
