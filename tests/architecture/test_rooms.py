"""Each room says what it is for, and docs/rooms.md lists what others use of it."""

import re

from tests.architecture.test_tree import ROOT, tracked
from tests.harness.rooms import PAGE, line_of, page, public_names


def test_every_room_says_what_it_is_for() -> None:
    rooms = public_names()
    assert {"consilium/jobs", "curation/releases", "training/job"} <= set(rooms)
    assert [room for room in rooms if not line_of(room)] == []


def test_the_list_of_public_names_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.harness.rooms`"


def test_a_readme_names_the_modules_that_its_room_has() -> None:
    readmes = [path for path in tracked("*/README.md") if "## Modules" in path.read_text()]
    assert ROOT / "training/job/README.md" in readmes
    for readme in readmes:
        words = set(re.findall(r"`([a-z_]+)`", readme.read_text().split("## Modules")[1]))
        modules = {path.stem for path in readme.parent.glob("*.py")} - {"__init__", "__main__"}
        assert words == modules, readme
