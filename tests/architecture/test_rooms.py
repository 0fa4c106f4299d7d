"""Each room says what it is for, and docs/rooms.md lists what others use of it."""

from tests.harness.rooms import PAGE, line_of, page, public_names


def test_every_room_says_what_it_is_for() -> None:
    rooms = public_names()
    assert {"consilium/jobs", "curation/releases", "training/job"} <= set(rooms)
    assert [room for room in rooms if not line_of(room)] == []


def test_the_list_of_public_names_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.harness.rooms`"
