"""A freeze and the reviews that arrive meanwhile: every release is a moment of the study's record."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.servers import new_database

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_release_holds_what_was_accepted_before_it_and_nothing_later(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    env = {
        **os.environ,
        "CONSILIUM_HOME": str(tmp_path),
        "DATABASE_URL": new_database(server) if server else "",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.curation.releases.race_freeze"],
        env=env,
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report = json.loads(ran.stdout)
    assert report["failures"] == []
    assert report["findings"] == []
    assert report["releases"] >= 2
