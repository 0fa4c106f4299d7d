"""Two leads, a closing hand and readers at once: no question twice, no open item in a closed round."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.annotation.race_pairing import QUESTIONS
from tests.harness.servers import new_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_rounds_opened_at_once_take_every_question_once(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    env = {
        **os.environ,
        "CONSILIUM_HOME": str(tmp_path),
        "DATABASE_URL": new_database(server) if server else "",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.annotation.race_pairing"],
        env=env,
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report = json.loads(ran.stdout)
    assert (report["failures"], report["findings"]) == ([], [])
    assert report["votes"] > 8
    assert report["cases"] == QUESTIONS
