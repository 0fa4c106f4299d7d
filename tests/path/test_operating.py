"""docs/operating.md, typed as it stands into an empty folder: whoever follows it gets a site that stands."""

import os
import re
import sqlite3
import subprocess
import sys
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.dashboard.test_up import processes_of
from tests.harness.processes import dies_with_parent
from tests.harness.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operating.md"
# Plays systemd for the one service of the page: the same command line, started, stopped and waited for.
SYSTEMCTL = """#!/bin/bash
set -eu
stop() { kill -TERM "$(cat "$SITE/up.pid")"; tail --pid="$(cat "$SITE/up.pid")" -f /dev/null; }
start() {
  nohup python manage.py up --json --port "$PORT" >"$SITE/up.out" 2>>"$SITE/up.err" </dev/null &
  echo $! >"$SITE/up.pid"
  for _ in $(seq 600); do
    grep -q '"url"' "$SITE/up.out" && return
    kill -0 $! || exit 1
    sleep 0.1
  done
  exit 1
}
case "$1" in start|enable) start;; stop) stop;; restart) stop; start;; esac
"""


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)


def test_the_page_names_no_command_that_does_not_exist() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", PAGE.read_text()))
    assert {"setup", "backup", "restore", "keys", "verify_audit", "database_roles"} <= named
    assert named <= set(get_commands())


def test_the_shipped_services_start_what_is_there() -> None:
    units = sorted((ROOT / "docs" / "deploy").glob("*.service"))
    assert [unit.name for unit in units] == [
        "consilium-web.service",
        "consilium-worker@.service",
        "consilium.service",
    ]
    for path in units:
        unit = ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[method-assign,assignment]
        unit.read(path)
        service = unit["Service"]
        program = service["ExecStart"].split()[0].rpartition("/")[2]
        assert (Path(sys.executable).parent / program).exists(), program
        assert "4" in service["RestartPreventExitStatus"].split()
        assert service["User"] == "consilium"


@pytest.mark.soak
def test_the_page_is_followed_from_an_empty_folder_to_handing_over(tmp_path: Path) -> None:
    stubs, site, port = tmp_path / "bin", tmp_path / "site", free_port()
    stubs.mkdir()
    site.mkdir()
    (stubs / "systemctl").write_text(SYSTEMCTL)
    (stubs / "systemctl").chmod(0o755)
    path = f"{stubs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    script = "set -euo pipefail\n" + "\n".join(blocks()).replace(":8000", f":{port}")
    done = subprocess.run(
        ["bash", "-xc", script + "\nsystemctl stop consilium"],
        cwd=ROOT,
        env=kept | {"PATH": path, "SITE": str(site), "PORT": str(port), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        preexec_fn=dies_with_parent(),
    )
    said = done.stderr + done.stdout
    assert done.returncode == 0, said[-4000:] + (site / "up.err").read_text()[-2000:]
    assert not processes_of(site / "data")

    with closing(sqlite3.connect(site / "data" / "consilium.sqlite3")) as database:
        people = {name for (name,) in database.execute("SELECT username FROM people_person")}
        acts = [row for (row,) in database.execute("SELECT action FROM audit_auditevent ORDER BY id")]
    assert {"olga", "lena", "maria"} <= people
    assert acts.count("site.restored") == 1
    assert (site / "anchors.before-restore.jsonl").exists()
