"""docs/operating.md, typed as it stands into an empty folder: whoever follows it gets a site that stands."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]
import pytest
from django.core.management import get_commands

from tests.dashboard.test_up import processes_of
from tests.harness.other_hosts import broker_host, database_host
from tests.harness.processes import dies_with_parent
from tests.harness.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operating.md"
STEP = re.compile(r"^```(sh(?: several)?)?\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
ADMINISTRATOR = "# runuser -u postgres -- "
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# The administrator of the database types on its host; what is asked there comes from the standard input.
RUNUSER = """#!/bin/sh
shift 3
exec env PGHOST={folder} PGUSER=postgres "$@"
"""
SYSTEMCTL = """#!/bin/sh
exec {python} -m tests.harness.systemctl "$@"
"""


def steps(*, several: bool) -> str:
    """What the page has people type, in its order, for one host or for several."""
    typed = []
    for kind, text in STEP.findall(PAGE.read_text()):
        if kind == "sh" or (several and kind == "sh several"):
            typed.append(text)
        elif several and not kind:
            lines = [line for line in text.splitlines() if line.startswith(ADMINISTRATOR)]
            typed += [f"{line.removeprefix('# ')}\n" for line in lines]
    return "\n".join(typed)


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


class Typed:
    """The page, typed into an empty folder in one shell; `programs` stand for those of the machine."""

    def __init__(self, folder: Path, script: str, programs: dict[str, str], **machine: str) -> None:
        self.site, stubs = folder / "site", folder / "bin"
        self.site.mkdir()
        stubs.mkdir()
        for name, text in {"systemctl": SYSTEMCTL.format(python=sys.executable), **programs}.items():
            (stubs / name).write_text(text)
            (stubs / name).chmod(0o755)
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        port = str(free_port())
        self._env = {
            **kept,
            "PATH": f"{stubs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SITE": str(self.site),
            "PORT": port,
            "OMP_NUM_THREADS": "1",
            **machine,
        }
        self._script = f"set -euo pipefail\n{script}\nsystemctl stop $SERVICES\n".replace(":8000", f":{port}")

    def run(self, asked: str = "") -> None:
        """Type it all; `asked`: what is typed where a program asks. Nothing runs any more afterwards."""
        try:
            done = subprocess.run(
                ["bash", "-xc", self._script],
                cwd=ROOT,
                env=self._env,
                input=asked,
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
                start_new_session=True,  # a terminal would be asked for passwords
                preexec_fn=dies_with_parent(),
            )
            said = done.stderr + done.stdout
            assert done.returncode == 0, said[-4000:] + self.logs()[-4000:]
            assert not processes_of(self.site / "data")
        finally:
            for pid in processes_of(self.site / "data"):
                os.kill(pid, signal.SIGKILL)

    def logs(self) -> str:
        """What the services said."""
        return "".join(f"== {log.name}\n{log.read_text()}" for log in sorted(self.site.glob("*.log")))


def assert_it_was_followed(ask: Callable[[str], list[str]], typed: Typed) -> None:
    """What the database and the folder say after the last line; `ask` gives one column."""
    assert {"olga", "lena", "maria"} <= set(ask("SELECT username FROM people_person"))
    assert ask("SELECT action FROM audit_auditevent").count("site.restored") == 1
    backups = set(ask("SELECT state FROM jobs_job WHERE kind = 'site.backup'"))
    assert backups == {"succeeded"}, "a worker makes backups by itself"
    assert (typed.site / "anchors.before-restore.jsonl").exists()
    for path in typed.site.glob("*.env"):
        assert path.stat().st_mode & 0o077 == 0
    assert "Traceback" not in typed.logs()


@pytest.mark.soak
def test_the_page_is_followed_from_an_empty_folder_to_handing_over(tmp_path: Path) -> None:
    typed = Typed(tmp_path, steps(several=False), {})
    typed.run()
    with closing(sqlite3.connect(typed.site / "data" / "consilium.sqlite3")) as database:
        assert_it_was_followed(lambda question: [row for (row,) in database.execute(question)], typed)


@pytest.mark.soak
@pytest.mark.services
def test_it_is_followed_on_postgresql_and_redis_over_tls(tmp_path: Path) -> None:
    with database_host() as database, broker_host("BROKER_PASSWORD") as broker:
        trust = tmp_path / "authorities.pem"
        trust.write_bytes(database.trust.read_bytes() + broker.trust.read_bytes())
        script = steps(several=True)
        for named, here in {
            "database.example": database.address,
            "broker.example": broker.address,
            AUTHORITIES: str(trust),
        }.items():
            assert named in script
            script = script.replace(named, here)
        runuser = RUNUSER.format(folder=database.folder)
        typed = Typed(tmp_path, script, {"runuser": runuser}, SSL_CERT_FILE=str(trust))
        typed.run(asked="OWNER_PASSWORD\n" * 2)
        connection = psycopg2.connect(host=str(database.folder), user="postgres", dbname="consilium")
        with closing(connection), connection.cursor() as cursor:

            def ask(question: str) -> list[str]:
                cursor.execute(question)
                return [row for (row,) in cursor.fetchall()]

            assert_it_was_followed(ask, typed)
            owners = ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
            assert owners == ["consilium"]
            assert "consilium_broken" in ask("SELECT datname FROM pg_database")
    assert "OWNER_PASSWORD" not in typed.logs() + (typed.site / "consilium.env").read_text()
