"""What an operator sets is taken or refused in a sentence, and no refusal tells the secret."""

from pathlib import Path

import pytest

from consilium.environment import EnvironmentRefused
from consilium.single_sign_on.configuration import SECRET_FILE, GroupMapping, read_sign_on

SECRET = "s3cret-of-the-client"
WHOLE = {"ISSUER": "https://login.example", "CLIENT_ID": "consilium", "CLIENT_SECRET": SECRET}


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*WHOLE, "CLIENT_SECRET_FILE", "ROLES", "SUBJECT", "UNKNOWN", "STRONG", "SCOPES"):
        monkeypatch.delenv(f"CONSILIUM_SSO_{name}", raising=False)


def give(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"CONSILIUM_SSO_{name}", value)


def test_without_an_issuer_there_is_none(tmp_path: Path) -> None:
    assert read_sign_on(tmp_path) is None


def test_names_of_groups_may_hold_commas_blanks_and_equal_signs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    roles = "CN=Readers, OU=Chest=chest:annotator; chiefs = chest:lead ;"
    give(monkeypatch, **WHOLE, ROLES=roles, STRONG="amr:mfa,acr:https://x/mfa")
    found = read_sign_on(tmp_path)
    assert found is not None
    assert found.roles == (
        GroupMapping("CN=Readers, OU=Chest", "chest", "annotator"),
        GroupMapping("chiefs", "chest", "lead"),
    )
    assert found.strong == {("amr", "mfa"), ("acr", "https://x/mfa")}
    assert SECRET not in repr(found)


def test_the_secret_comes_from_a_file_or_the_key_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    give(monkeypatch, ISSUER="https://login.example", CLIENT_ID="consilium")
    with pytest.raises(EnvironmentRefused, match=SECRET_FILE):
        read_sign_on(tmp_path)
    (tmp_path / SECRET_FILE).write_text(f"{SECRET}\n")
    kept = read_sign_on(tmp_path)
    (tmp_path / "mounted").write_text("another")
    give(monkeypatch, CLIENT_SECRET_FILE=str(tmp_path / "mounted"))
    mounted = read_sign_on(tmp_path)
    assert kept is not None
    assert mounted is not None
    assert (kept.secret, mounted.secret) == (SECRET, "another")


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://login.example",
        "login.example",
        "https://name:word@login.example",
        "https://login.example/?a=b",
        "https://login.example:port",
        "https://" + "x" * 250,
    ],
)
def test_an_issuer_is_https_or_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, issuer: str
) -> None:
    give(monkeypatch, **WHOLE | {"ISSUER": issuer})
    with pytest.raises(EnvironmentRefused) as refusal:
        read_sign_on(tmp_path)
    assert SECRET not in str(refusal.value)
    for here in ("http://127.0.0.1:9400", "http://localhost:9400", "http://[::1]:9400"):
        give(monkeypatch, ISSUER=here)
        assert read_sign_on(tmp_path) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUBJECT", "email"),
        ("SUBJECT", "preferred_username"),
        ("UNKNOWN", "yes"),
        ("ROLES", "admins=operator"),
        ("ROLES", "admins=chest:operator"),
        ("ROLES", "chest:lead"),
        ("STRONG", "mfa"),
        ("CLIENT_SECRET", "two words"),
        ("CLIENT_ID", ""),
    ],
)
def test_what_makes_no_sense_or_is_not_safe_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    give(monkeypatch, **WHOLE | {name: value})
    with pytest.raises(EnvironmentRefused, match="CONSILIUM_SSO_"):
        read_sign_on(tmp_path)
