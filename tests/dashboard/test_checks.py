"""The doctor names what is wrong with an installation and what to do."""

import io
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from curation.imaging.walls import Wall, described
from dashboard import checks, decoder_report
from tests.factories.cast import Cast
from tests.harness.denied_calls import NO_FILTER, NO_LANDLOCK, deny


def ids(found: list[CheckMessage]) -> list[str]:
    assert all(message.hint for message in found), "every finding says what to do"
    return [str(message.id) for message in found]


def test_a_private_folder_with_room_is_fine(settings: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    settings.CONSILIUM_HOME = tmp_path
    assert ids(checks.check_home(None)) == []


def test_a_folder_that_others_can_read_is_told(settings: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    settings.CONSILIUM_HOME = tmp_path
    found = checks.check_home(None)
    assert ids(found) == ["consilium.W002"]
    assert str(tmp_path) not in str(found[0])
    assert not found[0].is_serious()  # a command may still run
    assert [message.is_serious() for message in checks.check_home(None, databases=["default"])] == [True]
    tmp_path.chmod(0o750)
    assert [message.is_serious() for message in checks.check_home(None, databases=["default"])] == [False]


@pytest.mark.parametrize(
    ("free", "expected"), [(10**11, []), (10**9, ["consilium.W003"]), (10**8, ["consilium.W004"])]
)
def test_a_full_disk_is_told(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, expected: list[str]
) -> None:
    tmp_path.chmod(0o700)
    settings.CONSILIUM_HOME = tmp_path
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**12, 10**12 - free, free))
    assert ids(checks.check_home(None)) == expected
    refused = [message.is_serious() for message in checks.check_home(None, databases=["default"])]
    assert any(refused) is (expected == ["consilium.W004"])


@pytest.mark.parametrize(
    ("hosts", "debug", "https", "expected"),
    [
        (["127.0.0.1", "localhost"], True, False, []),
        (["review.example"], False, True, []),
        (["review.example"], False, False, ["consilium.W012"]),
        (["review.example"], True, True, ["consilium.E011"]),
        (["*"], False, True, ["consilium.E010"]),
    ],
)
def test_what_others_can_reach(
    settings: Any, hosts: list[str], debug: bool, https: bool, expected: list[str]
) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG, settings.HTTPS = hosts, debug, https
    assert ids(checks.check_exposure(None)) == expected


@pytest.mark.parametrize(("url", "expected"), [("", []), ("redis://h/0", []), ("sqs://", ["consilium.E020"])])
def test_the_broker_is_one_that_is_supported(settings: Any, url: str, expected: list[str]) -> None:
    settings.BROKER_URL = url
    assert ids(checks.check_broker(None)) == expected


def test_a_database_that_is_well_has_no_findings(db: None) -> None:
    assert ids(checks.check_database(None, databases=["default"])) == []


def test_a_wrong_clock_is_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CLOCK_SECONDS", -1.0)
    assert ids(checks.check_database(None, databases=["default"])) == ["consilium.W032"]


@pytest.fixture
def _fresh() -> Iterator[None]:
    """Walls are measured once per process."""
    decoder_report.measured_walls.cache_clear()
    yield
    decoder_report.measured_walls.cache_clear()


@pytest.fixture
def _fewer_walls(_fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, NO_FILTER | NO_LANDLOCK)


def checked() -> str:
    out = io.StringIO()
    call_command("check", stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("_fresh")
def test_check_and_the_operators_page_say_which_walls_stand(cast: Cast, client: Client) -> None:
    told = checked()
    sentences = described(frozenset(Wall), without=())
    assert "Images are decoded here." in told
    assert all(sentence in told for sentence in sentences)
    assert "consilium.W040" not in ids(checks.check_confinement(None))
    client.force_login(cast.otto)
    page = client.get(reverse("site:state")).content.decode()
    assert all(sentence in page for sentence in sentences)
    assert "NOT decoded" not in page


@pytest.mark.usefixtures("_fewer_walls")
def test_check_and_the_operators_page_say_which_walls_are_missing(
    cast: Cast, client: Client, settings: Any
) -> None:
    told = checked()
    assert "Images are NOT decoded here" in told
    assert "Network: cut off." in told
    assert "Files: NOT closed." in told
    assert "CONSILIUM_DECODE_WITHOUT=files,calls" in told
    assert "consilium.W040" in ids(checks.check_confinement(None))
    client.force_login(cast.otto)
    page = client.get(reverse("site:state")).content.decode()
    assert "Images are NOT decoded" in page
    assert "Images are NOT decoded" in client.get(reverse("site:home")).content.decode()
    assert "Files: NOT closed." in page
    settings.DECODE_WITHOUT = ["files", "calls"]
    told = checked()
    assert "Images are decoded here." in told
    assert told.count("The operator signed for it") == 2
    assert "consilium.W040" in ids(checks.check_confinement(None))  # signed for, and still worth mending


@pytest.mark.usefixtures("_fresh")
def test_a_decoder_that_cannot_start_has_no_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.imaging.child_process.sys.executable", "/nonexistent")
    assert decoder_report.decoder_report().missing == tuple(Wall)
