"""What was loaded stays; what is made afterwards is collected."""

import gc
import os
from pathlib import Path

from consilium import kept_heap
from tests.harness.forked import run_python

SAY = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"


def test_the_collector_rests_while_things_are_loaded_and_passes_over_them_afterwards() -> None:
    before = gc.get_freeze_count()
    kept_heap.loading_starts()
    assert not gc.isenabled()
    loaded = [[number] for number in range(1000)]
    kept_heap.loading_ended()
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(loaded)


def test_a_command_collects_what_it_makes_and_not_the_libraries(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "CONSILIUM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "consilium.settings"}
    words = ["manage.py", "shell", "--no-imports", "--command", SAY]
    done = run_python(words, env=environment)
    assert (done.returncode, done.stdout.split()) == (0, ["True", "True"]), done.stderr
