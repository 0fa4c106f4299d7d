"""A wrong configuration stops every entry point with a sentence, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.once import Put

ROOT = Path(__file__).resolve().parents[2]


def start(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    settings = {"CONSILIUM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "consilium.settings"}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=ROOT,
        env=kept | settings | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CONSILIUM_HTTPS": "maybe"}, "CONSILIUM_HTTPS must be one of"),
        ({"CONSILIUM_GPU_SETS": "a=0", "CONSILIUM_GPU_SET": "b"}, "CONSILIUM_GPU_SET is 'b'"),
        ({"CONSILIUM_TRAINER": "python"}, "CONSILIUM_TRAINER must start with the absolute path"),
        ({"CONSILIUM_UPLOAD_LIMIT": "8 gigs"}, "CONSILIUM_UPLOAD_LIMIT must be a size"),
        ({"CONSILIUM_SECRET_KEY": "short"}, "secret key is shorter"),
        ({"CONSILIUM_SECRET_KEY": ""}, "secret key is shorter"),
        ({"CONSILIUM_SECRET_KEY": "ab" * 40}, "can be guessed"),
        ({"CONSILIUM_SECRET_KEY": "django-insecure-" + "abcdefg" * 9}, "can be guessed"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must start with"),
        (
            {"DATABASE_URL": "postgresql://app@h/a", "DATABASE_OWNER_URL": "postgresql://owner@h/b"},
            "DATABASE_OWNER_URL must name another role for the same database",
        ),
        (
            {"DATABASE_URL": "postgresql://app@h/a", "DATABASE_OWNER_URL": "postgresql://app@h/a"},
            "DATABASE_OWNER_URL must name another role for the same database",
        ),
    ],
)
def test_a_command_names_the_setting_that_is_wrong(
    tmp_path: Path, environment: dict[str, str], told: str
) -> None:
    ended = start(tmp_path, "manage.py", "check", **environment)
    assert (ended.returncode, told in ended.stderr, "Traceback" in ended.stderr) == (2, True, False)


def test_a_command_on_an_unprepared_database_says_what_to_do(tmp_path: Path) -> None:
    ended = start(tmp_path, "manage.py", "study", "create", "chest", "--json")
    assert (ended.returncode, "manage.py setup" in ended.stderr, "Traceback" in ended.stderr) == (
        2,
        True,
        False,
    )


def test_what_commands_write_is_private(tmp_path: Path) -> None:
    start(tmp_path, "manage.py", "migrate", "people", "0001", "-v0")
    assert (tmp_path / "consilium.sqlite3").stat().st_mode & 0o077 == 0


def test_a_study_that_is_not_there_is_named(tmp_path: Path, put_database: Put) -> None:
    ended = start(
        put_database(tmp_path / "home"), "manage.py", "member", "add", "nope", "nobody", "--role", "lead"
    )
    assert (ended.returncode, "There is no study of that name" in ended.stderr) == (2, True)


@pytest.mark.parametrize(
    "environment", [{"CONSILIUM_HOSTS": "*"}, {"CONSILIUM_DEBUG": "1", "CONSILIUM_HOSTS": "study.example"}]
)
def test_the_web_process_refuses_to_be_exposed(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = start(tmp_path, "-c", "import consilium.wsgi", **environment)
    assert (ended.returncode, "does not start" in ended.stderr) == (4, True)
    assert "Traceback" not in ended.stderr
