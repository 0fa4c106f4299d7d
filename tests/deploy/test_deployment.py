"""A deployment on hosts of its own, with every part killed while people vote (docs/deploy/README.md)."""

import json
import subprocess
import sys

import pytest

from tests.deploy.compose import ROOT
from tests.deploy.faults import FAULTS

NOT_PERMITTED = 2


@pytest.mark.soak
@pytest.mark.services
def test_nothing_acknowledged_is_lost_when_each_part_is_killed_once() -> None:
    """Fails, and does not skip, where namespaces are not permitted: who asks for it must know."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != NOT_PERMITTED, done.stderr
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["broken"] == []
    assert set(report["faults"]) == {fault.name for fault in FAULTS}
    assert report["votes"] >= 300
    assert max(fault["longest_gap_seconds"] for fault in report["faults"].values()) < 40
