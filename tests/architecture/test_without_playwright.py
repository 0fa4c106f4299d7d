"""The suite runs where Playwright is not installed; browser tests then say why they skip."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.test_tree import ROOT

# Python finds this package instead of the installed one, and it has no sync_api.
HIDE = """
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name, package=None: None if name == "playwright" else find(name, package)
import sys
sys.modules["playwright"] = None
"""


def test_browser_tests_skip_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "CONSILIUM_REQUIRE_SERVICES": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/curation/imaging/test_viewer.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Playwright is not installed" in done.stdout
    assert "passed" not in done.stdout.splitlines()[-1]
