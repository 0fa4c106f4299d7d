"""The demo's two judges differ as its leaderboard shows: one looks, one prefers what stands first."""

import json
import os
import subprocess
import sys

import pytest

from tests.harness import once
from tests.path.drive import ROOT

JUDGES = ("judge_careful", "judge_hasty")


@pytest.mark.soak
def test_the_careful_judge_prefers_the_right_answer_in_both_orders_and_the_hasty_one_the_first(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    models = once.tiny_models(tmp_path_factory, *JUDGES)
    folders = [str(models / name) for name in JUDGES]
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
