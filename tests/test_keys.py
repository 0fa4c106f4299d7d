"""The three keys: made once, private, apart; an old secret stays the identity; the first can be replaced."""

import json
import os
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from consilium import keys
from consilium.audit.key_marks import IdentityKeyRefused, check_identity_key, note_identity_key
from consilium.audit.models import AuditEvent, KeyMark
from consilium.environment import EnvironmentRefused
from consilium.people.models import pseudonym
from curation.keys import study_key
from dashboard import checks
from tests.factories.cast import Cast

ROOT = Path(__file__).resolve().parents[1]
OLD = "the one secret of an installation made before there were three keys"
OTHER = "another secret that is quite as long as the first one, and then some"
# Worked out by the version that had one secret only, from OLD.
OLD_PSEUDONYM = "P-6023ef62"
OLD_STUDY_KEY = "92d39f45e28e6a2721f9b8dbc687c7406712771b4425f3bc36912bedaa548952"


@pytest.fixture(autouse=True)
def _no_keys_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(tuple(keys.VARIABLES.values()))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CONSILIUM_KEYS", raising=False)


def use(settings: Any, held: keys.Keys) -> None:
    """What settings.py does with the keys at a start."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = held.signing, list(held.retired)
    settings.IDENTITY_KEY, settings.RECORD_KEY = held.identity, held.record
    settings.IDENTITY_KEY_IS_FORMER, settings.KEY_FOLDER = held.identity_is_former, held.folder


def test_keys_are_made_once_differ_and_are_private(tmp_path: Path) -> None:
    made = keys.read_keys(tmp_path)
    assert keys.read_keys(tmp_path) == made
    assert len({made.signing, made.identity, made.record}) == 3
    assert not made.identity_is_former
    folder = tmp_path / "keys"
    assert sorted(path.name for path in folder.iterdir()) == ["identity.key", "record.key", "signing.key"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert made.identity not in repr(made)


PROGRAM = """
import sys
from pathlib import Path
from consilium import keys
for home in sorted(Path(sys.argv[1]).iterdir()):
    print("ready", flush=True)
    sys.stdin.readline()
    held = keys.read_keys(home)
    print(held.signing, held.identity, held.record, flush=True)
"""


def test_processes_that_start_together_agree_on_one_set_of_keys(tmp_path: Path) -> None:
    homes = 25
    for number in range(homes):
        (tmp_path / str(number)).mkdir()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) for _ in range(4)]
    for _ in range(homes):
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:  # all wait at the same home before one begins
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert len({process.stdout.readline() for process in started if process.stdout}) == 1
    for process in started:
        process.communicate()


@pytest.mark.parametrize("layout", ["file", "variable"])
def test_an_installation_of_the_old_layout_keeps_its_pseudonyms_and_groups(
    layout: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layout == "file":
        (tmp_path / "secret.key").write_text(OLD)
    else:
        monkeypatch.setenv("CONSILIUM_SECRET_KEY", OLD)
    held = keys.read_keys(tmp_path)
    assert (held.identity, held.identity_is_former) == (OLD, True)
    assert OLD not in (held.record, *held.retired)
    assert (held.signing == OLD) == (layout == "variable")
    monkeypatch.setenv("CONSILIUM_SECRET_KEY", OTHER)
    assert (keys.read_keys(tmp_path).signing, keys.read_keys(tmp_path).identity) == (OTHER, OLD)
    use(settings, held)
    assert pseudonym(3, 7) == OLD_PSEUDONYM
    assert study_key(SimpleNamespace(pk=3), "patient").hex() == OLD_STUDY_KEY  # type: ignore[arg-type]


def test_two_old_secrets_are_not_guessed_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.key").write_text(OLD)
    monkeypatch.setenv("CONSILIUM_SECRET_KEY", OTHER)
    with pytest.raises(EnvironmentRefused, match="Set CONSILIUM_IDENTITY_KEY to the one that was in use"):
        keys.read_keys(tmp_path)
    assert not (tmp_path / "keys" / "identity.key").exists()
    monkeypatch.setenv("CONSILIUM_IDENTITY_KEY", OTHER)
    assert keys.read_keys(tmp_path).identity == OTHER


def test_keys_come_from_variables_and_mounted_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text(f"{OTHER}\n{OLD}\n")
    monkeypatch.setenv("CONSILIUM_SECRET_KEY_FILE", str(mounted))
    monkeypatch.setenv("CONSILIUM_IDENTITY_KEY", OLD * 2)
    monkeypatch.setenv("CONSILIUM_RECORD_KEY", OLD * 3)
    held = keys.read_keys(tmp_path)
    assert (held.signing, held.retired, held.identity, held.record) == (OTHER, (OLD,), OLD * 2, OLD * 3)
    assert not held.folder.exists()
    monkeypatch.setenv("CONSILIUM_RECORD_KEY_FILE", str(mounted))
    with pytest.raises(
        EnvironmentRefused, match="CONSILIUM_RECORD_KEY or CONSILIUM_RECORD_KEY_FILE, not both"
    ):
        keys.read_keys(tmp_path)


@pytest.mark.parametrize("purpose", list(keys.VARIABLES))
def test_an_emptied_key_file_is_refused_and_never_made_anew(purpose: str, tmp_path: Path) -> None:
    keys.read_keys(tmp_path)
    path = tmp_path / "keys" / f"{purpose}.key"
    path.write_text("")
    with pytest.raises(EnvironmentRefused, match=f"The {purpose} secret key is shorter") as told:
        keys.read_keys(tmp_path)
    assert str(tmp_path) not in str(told.value)
    assert path.read_text() == ""


def test_a_key_that_is_too_short_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_SECRET_KEY", "short")
    with pytest.raises(EnvironmentRefused, match="secret key is shorter"):
        keys.read_keys(tmp_path)
    assert not (tmp_path / "keys" / "identity.key").exists()


def test_a_key_folder_that_cannot_be_used_is_told_without_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONSILIUM_KEYS", str(tmp_path / "file" / "keys"))
    with pytest.raises(EnvironmentRefused, match="cannot be read or written") as told:
        keys.read_keys(tmp_path)
    assert str(tmp_path) not in str(told.value)


def is_signed_in(client: Client) -> bool:
    status: int = client.get("/").status_code
    return status == 200


def test_a_new_signing_key_leaves_people_signed_in_and_everything_else_as_it_is(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    use(settings, keys.read_keys(tmp_path))
    there, away = Client(), Client()
    there.force_login(cast.otto)
    away.force_login(cast.otto)
    before = (pseudonym(1, 2), study_key(cast.study, "patient"), settings.RECORD_KEY)
    call_command("keys", "rotate", stdout=StringIO())
    rotated = keys.read_keys(tmp_path)
    assert rotated.retired == (settings.SECRET_KEY,)
    use(settings, rotated)
    assert is_signed_in(there)
    assert (pseudonym(1, 2), study_key(cast.study, "patient"), settings.RECORD_KEY) == before
    call_command("keys", "retire", stdout=StringIO())
    use(settings, keys.read_keys(tmp_path))
    assert settings.SECRET_KEY_FALLBACKS == []
    assert is_signed_in(there), "who came back meanwhile was signed anew"
    assert not is_signed_in(away)
    told = AuditEvent.objects.order_by("sequence").values_list("action", flat=True)
    assert list(told) == ["key.rotated", "key.retired"]


def test_the_command_shows_ids_and_never_a_key(
    cast: Cast, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = keys.read_keys(tmp_path)
    use(settings, held)
    for act in ("show", "rotate", "retire"):
        call_command("keys", act, "--json")
    told = capsys.readouterr().out
    shown = json.loads(told.splitlines()[0])
    assert shown["identity"] == {"id": keys.key_id("identity", held.identity), "from": "key folder"}
    assert not [key for key in (held.signing, held.identity, held.record) if key in told]
    stored = json.dumps(list(AuditEvent.objects.values_list("data", flat=True)))
    assert keys.read_keys(tmp_path).signing not in stored


def test_a_given_signing_key_is_rotated_where_it_is_given(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_SECRET_KEY", OTHER)
    with pytest.raises(CommandError, match="CONSILIUM_SECRET_KEY_FALLBACKS"):
        call_command("keys", "rotate")


def test_another_identity_key_refuses_to_start_with_one_sentence(cast: Cast, settings: Any) -> None:
    assert checks.check_identity(None, databases=["default"]) == []
    settings.IDENTITY_KEY = OTHER
    (found,) = checks.check_identity(None, databases=["default"])
    assert found.is_serious()
    assert "put that key back from its escrow copy" in found.msg
    assert OTHER not in str(found)
    with pytest.raises(IdentityKeyRefused):
        check_identity_key()
    with pytest.raises(CommandError, match="The identity key is not the one") as ended:
        call_command("setup")
    assert ended.value.returncode == 2
    note_identity_key("default")
    assert KeyMark.objects.get().key_id != keys.key_id("identity", OTHER)


def test_a_used_database_does_not_take_a_key_that_was_made_just_now(cast: Cast, settings: Any) -> None:
    with connection.cursor() as cursor:  # as a database of the time before marks
        cursor.execute("DROP TABLE audit_keymark")
        cursor.execute(
            "CREATE TABLE audit_keymark (id integer PRIMARY KEY, purpose text, key_id text, noted_at text)"
        )
    settings.IDENTITY_KEY_IS_FORMER = False
    note_identity_key("default")
    assert not KeyMark.objects.exists()
    (found,) = checks.check_identity(None, databases=["default"])
    assert "set CONSILIUM_IDENTITY_KEY to the CONSILIUM_SECRET_KEY that it was used with" in found.msg
    settings.IDENTITY_KEY_IS_FORMER = True
    assert checks.check_identity(None, databases=["default"]) == []


def test_the_doctor_tells_what_is_wrong_with_keys(settings: Any, tmp_path: Path) -> None:
    held = keys.read_keys(tmp_path)
    use(settings, held)
    settings.CONSILIUM_HOME, settings.SECOND_ANCHORS = tmp_path, None
    assert checks.check_keys(None) == []
    (held.folder / "identity.key").chmod(0o640)
    settings.SECRET_KEY = held.identity
    assert [one.id for one in checks.check_keys(None)] == ["consilium.W051", "consilium.W052"]
    (tmp_path / "secret.key").write_text(OLD)
    told = [one.id for one in checks.check_key_places(None)]
    assert told == ["consilium.W053", "consilium.W054", "consilium.W055"]
    settings.CONSILIUM_HOME, settings.SECOND_ANCHORS = tmp_path / "data", tmp_path / "second"
    assert checks.check_key_places(None) == []
