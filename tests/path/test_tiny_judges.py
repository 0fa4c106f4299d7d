"""The demo's two judges differ as its leaderboard shows: one looks, one prefers what stands first."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.path.drive import ROOT


def test_the_careful_judge_prefers_the_right_answer_in_both_orders_and_the_hasty_one_the_first(
    tiny_models: Path,
) -> None:
    folders = [str(tiny_models / name) for name in ("judge_careful", "judge_hasty")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.path.pairs", *folders],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    careful, hasty = json.loads(done.stdout)
    assert careful["right"] >= 0.75
    assert hasty["first"] >= 0.75
