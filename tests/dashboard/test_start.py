"""What must not start says so in one line and ends with a code that nobody restarts for ever."""

from collections import namedtuple
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from consilium import start
from consilium.backups.restore import MARK
from dashboard.demo.people import CAST, make_demo_people
from dashboard.management.commands import up
from tests.dashboard.test_starting import start as started
from tests.harness.disks import small_disk

Spoil = Callable[[Any, Path], None]
Usage = namedtuple("Usage", "total used free")
FULL = Usage(10**12, 10**12 - 10**8, 10**8)


def is_behind(settings: Any, home: Path) -> None:
    MigrationRecorder.Migration.objects.filter(app="work").latest("id").delete()


def is_ahead(settings: Any, home: Path) -> None:
    MigrationRecorder(connection).record_applied("work", "9999_from_the_future")


def has_lost_a_trigger(settings: Any, home: Path) -> None:
    with connection.cursor() as cursor:
        on_table = "" if connection.vendor == "sqlite" else " ON work_submission"
        cursor.execute(f"DROP TRIGGER work_submission_no_update{on_table}")


def others_can_read(settings: Any, home: Path) -> None:
    home.chmod(0o705)


def shows_its_errors(settings: Any, home: Path) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["study.example"]


def takes_any_host(settings: Any, home: Path) -> None:
    settings.ALLOWED_HOSTS = ["*"]


def was_half_restored(settings: Any, home: Path) -> None:
    (home / MARK).write_text('{"backup": "2026-11-01T00-00-00"}')


WRONG: dict[str, tuple[Spoil, str]] = {
    "unmigrated": (is_behind, "behind this version: work.0"),
    "from the future": (is_ahead, "newer version: work.9999_from_the_future is not known here. Install that"),
    "unprotected": (
        has_lost_a_trigger,
        "work_submission_no_update is missing. Run `python manage.py migrate`",
    ),
    "half restored": (
        was_half_restored,
        "restore of backup 2026-11-01T00-00-00 was begun here",
    ),
    "open to others": (others_can_read, "can reach the data folder (CONSILIUM_HOME). Run chmod 700"),
    "debugging": (
        shows_its_errors,
        "Debugging is on while other machines may connect. Unset CONSILIUM_DEBUG",
    ),
    "any host": (takes_any_host, "CONSILIUM_HOSTS must not be *. List the names"),
}


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    settings.CONSILIUM_HOME = tmp_path
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What a start says that must be refused for good."""
    with pytest.raises(SystemExit) as ended:
        start.refuse_a_wrong_start("web process")
    assert ended.value.code == start.REFUSED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The web process does not start: ")
    return line


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_start_is_refused_with_a_line(
    db: None, settings: Any, home: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    start.refuse_a_wrong_start("web process")
    spoil, told = WRONG[wrong]
    spoil(settings, home)
    assert told in refusal(capsys)


def test_a_full_disk_is_refused(
    db: None, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: FULL)
    assert "disk of the data folder is full: 95 MiB are free. Free some space: 256 MiB" in refusal(capsys)


def test_a_folder_that_cannot_be_written_is_refused(
    db: None, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "disk", megabytes=300) as disk:
        settings.CONSILIUM_HOME = disk.place
        start.refuse_a_wrong_start("web process")
        disk.make_read_only()
        assert "(CONSILIUM_HOME) cannot be written. Give this user write access" in refusal(capsys)
        ended = started(disk.place, "-c", "import consilium.wsgi")
    assert (ended.returncode, ended.stderr.count("\n")) == (start.REFUSED, 1)
    assert "The web process does not start: The key folder (CONSILIUM_KEYS)" in ended.stderr


def test_a_database_that_is_away_may_be_asked_again(tmp_path: Path) -> None:
    ended = started(tmp_path, "-c", "import consilium.wsgi", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert (ended.returncode, "Traceback" in ended.stderr) == (start.AWAY, False)
    assert "The web process does not start: The database does not answer (OperationalError)." in ended.stderr


def test_a_setting_that_cannot_be_used_is_a_line_for_workers_too(tmp_path: Path) -> None:
    ended = started(tmp_path, "-m", "celery", "-A", "consilium", "worker", CONSILIUM_SECRET_KEY="short")
    assert (ended.returncode, ended.stderr.count("\n")) == (start.REFUSED, 1)
    assert "The worker does not start: The identity secret key is shorter" in ended.stderr


def test_up_and_setup_leave_a_database_of_a_newer_version_alone(
    db: None, settings: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_ahead(settings, home)
    with pytest.raises(
        CommandError, match="Consilium does not start: The database belongs to a newer"
    ) as told:
        up.prepare(demo=False, as_json=True)
    assert told.value.returncode == 2
    with pytest.raises(CommandError, match=r"newer version: work.9999_from_the_future"):
        call_command("setup", stdout=StringIO())


def test_debugging_is_for_this_machine_alone(settings: Any, home: Path) -> None:
    settings.DEBUG = True
    with pytest.raises(CommandError, match="Debugging is on"):
        call_command("up", host="0.0.0.0", port=0)


def test_no_account_is_made_with_a_password_that_somebody_could_know(db: None) -> None:
    made = []
    for _ in range(2):
        with transaction.atomic():
            made.append(make_demo_people()[1])
            transaction.set_rollback(True)
    drawn = [password for passwords in made for password in passwords.values()]
    assert len(set(drawn)) == len(drawn) == 2 * len(CAST)
    assert min(map(len, drawn)) >= 16
