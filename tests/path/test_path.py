"""The main job on real input, end to end: web, worker, broker, model server and training process are real."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.servers import with_roles
from tests.path.drive import ROOT, running
from tests.path.material import SMALL, WHOLE, Teaching
from tests.path.walk import Walk

pytestmark = pytest.mark.path

LOADS = """
import json, sys, datasets
rows = datasets.load_dataset(sys.argv[1], "traces", split="train")
print(json.dumps({"rows": len(rows), "columns": rows.column_names}))
"""


def walk_all(home: Path, scratch: Path, teaching: Teaching, **environment: str) -> None:
    """From empty folder to leaderboard."""
    with running(home, **environment) as site:
        site.start()  # which prepares what is not there yet
        walk = Walk(site, teaching)
        walk.prepare()
        walk.bring_data()
        walk.write_traces()
        reviewed = walk.review_traces()
        assert min(reviewed.values()) >= 1
        traces = walk.freeze("traces", "Traces 1")
        walk.freeze("questions", "Held out 1")
        exported = walk.export(traces, scratch / "export")
        assert _loaded(exported)["rows"] == reviewed["accepted"] + reviewed["edited"]
        walk.collect_answers()
        assert walk.vote() == 3 * (teaching.test + 1)
        assert walk.adjudicate() == 1
        walk.freeze("preferences", "Preferences 1")
        if teaching.stage:
            walk.train()
        board = walk.score()
        assert board.count("Incomplete,") == 0
        for name in (*(f"tiny {judge}" for judge in teaching.judges), *teaching.solvers):
            assert name in board
        assert json.loads(site.command("verify_audit", "--json"))["breaks"] == []


def _loaded(folder: Path) -> dict[str, int]:
    """What `datasets` makes of the exported rows, in a process of its own."""
    rows = next(folder.rglob("README.md")).parent
    done = subprocess.run(
        [sys.executable, "-c", LOADS, str(rows)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_the_whole_path_on_sqlite_and_the_embedded_broker(home: Path, tmp_path: Path) -> None:
    walk_all(home, tmp_path, WHOLE)


@pytest.mark.services
def test_the_whole_path_on_postgresql_and_redis(
    home: Path, tmp_path: Path, postgres_server: str, redis_url: str
) -> None:
    """Another database and broker: everything but training, which meets neither, with one judge."""
    walk_all(home, tmp_path, SMALL, BROKER_URL=redis_url, **with_roles(postgres_server, is_migrated=True))
