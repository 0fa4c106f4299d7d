"""The token is kept sealed, shown as its last four characters, and found nowhere afterwards."""

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from consilium.audit.grants import declared_secrets
from consilium.audit.models import AuditEvent
from consilium.hub.models import HubToken
from consilium.hub.push import start_hub_push
from consilium.hub.refusals import HubRefused
from consilium.hub.registry import Content
from consilium.hub.tokens import KIND, remove_token, set_token, start_check, token_in_force
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.logs import LineFormatter
from consilium.people.permissions import NotAllowed
from tests.factories.cast import Cast
from tests.hub.conftest import run
from tests.hub.loopback_hub import TOKEN, Asked, Fault, LoopbackHub

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)


def check() -> Job:
    return run_now(Job.objects.filter(kind=KIND).latest("created_at"))


def test_a_token_is_kept_sealed_and_its_check_says_whose_it_is(cast: Cast, hub: LoopbackHub) -> None:
    row = set_token(secret=TOKEN, by=cast.otto)
    assert TOKEN not in row.sealed + row.mark
    assert check().state == "succeeded"
    row.refresh_from_db()
    assert (row.account, row.role, row.writes_to, row.last_four) == (
        "clinic",
        "write",
        ["clinic"],
        TOKEN[-4:],
    )
    token = token_in_force()
    assert token is not None
    assert (token.secret, token.is_given, token.row) == (TOKEN, False, row)
    assert TOKEN not in repr(token)
    assert "sealed" in declared_secrets()["hub_hubtoken"]


def test_a_fine_grained_token_tells_where_it_writes(cast: Cast, hub: LoopbackHub) -> None:
    hub.role = "fineGrained"
    hub.scoped = [
        {"entity": {"type": "org", "name": "clinic"}, "permissions": ["repo.content.read", "repo.write"]},
        {"entity": {"type": "user", "name": "someone"}, "permissions": ["repo.content.read"]},
    ]
    set_token(secret=TOKEN, by=cast.otto)
    check()
    assert HubToken.objects.get().writes_to == ["clinic"]


def test_a_new_token_takes_the_place_of_the_old_one(cast: Cast, hub: LoopbackHub) -> None:
    set_token(secret="hf_first_token_of_this_site", by=cast.otto)
    set_token(secret=TOKEN, by=cast.otto)
    assert HubToken.objects.exclude(sealed="").get().last_four == TOKEN[-4:]
    remove_token(by=cast.otto)
    assert token_in_force() is None
    assert not HubToken.objects.exclude(sealed="").exists()
    with pytest.raises(HubRefused, match="no token"):
        remove_token(by=cast.otto)
    told = AuditEvent.objects.filter(action__startswith="hub.token").order_by("sequence")
    assert list(told.values_list("action", flat=True)) == [
        "hub.token_set", "hub.token_set", "hub.token_removed",
    ]  # fmt: skip


def test_only_operators_touch_it(cast: Cast) -> None:
    for act in (
        lambda by: set_token(secret=TOKEN, by=by),
        lambda by: remove_token(by=by),
        lambda by: start_check(by=by),
    ):
        for person in (cast.lena, cast.anna, cast.nora):
            with pytest.raises(NotAllowed):
                act(person)
    assert not HubToken.objects.exists()


def test_what_the_environment_gives_is_in_force_and_not_changed_here(
    cast: Cast, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_token(secret="hf_kept_token_of_this_site", by=cast.otto)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    token = token_in_force()
    assert token is not None
    assert (token.secret, token.is_given) == (TOKEN, True)
    for act in (lambda: set_token(secret="hf_another_one", by=cast.otto), lambda: remove_token(by=cast.otto)):
        with pytest.raises(HubRefused, match="environment"):
            act()
    run_now(start_check(by=cast.otto))
    assert HubToken.objects.get(last_four=TOKEN[-4:]).sealed == ""


def test_under_another_identity_key_it_is_set_again(cast: Cast, settings: Any) -> None:
    set_token(secret=TOKEN, by=cast.otto)
    settings.IDENTITY_KEY = "another key of an installation, and long enough to be one"
    with pytest.raises(HubRefused, match="unreadable"):
        token_in_force()


def test_a_token_that_the_hub_does_not_know_says_so(cast: Cast, hub: LoopbackHub) -> None:
    set_token(secret="hf_" + "b" * 34, by=cast.otto)
    job = check()
    assert (job.state, "does not know the token" in job.error) == ("failed", True)
    with pytest.raises(HubRefused, match="no access token"):
        set_token(secret="two words", by=cast.otto)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Everything that anybody logs, down to the smallest, in the form of the real log."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    yield out
    handler.close()


def stored() -> str:
    """Every row of every table, as a dump or a backup would hold it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found.append(repr(cursor.fetchall()))
    return "\n".join(found)


def processes() -> str:
    """Arguments and environment of everything that runs, as `ps axeww` shows them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                found.append((folder / name).read_bytes().decode("latin-1"))
            except OSError:
                continue
    return "\n".join(found)


def test_the_token_is_found_nowhere_afterwards(
    cast: Cast, hub: LoopbackHub, content: Content, log: StringIO, tmp_path: Path
) -> None:
    """Kept, checked, used in a push that succeeds, one that is cut and one that is refused."""
    set_token(secret=TOKEN, by=cast.otto)
    check()
    running = list[str]()
    seen = list[str]()

    def look(asked: Asked) -> Fault | None:
        seen.append(asked.token)
        if asked.act in ("storage", "commit"):
            running.append(processes())
        if asked.act == "preupload" and "/broken/" in asked.path:
            return Fault(status=400)
        return Fault(is_cut=True) if asked.act == "commit" and "/away/" in asked.path else None

    hub.faults = look
    states = []
    for name in ("traces", "broken", "away"):
        push = start_hub_push(content=content, repo_id=f"clinic/{name}", by=cast.lena)
        states.append(run(push).state)
    assert states == ["succeeded", "failed", "queued"]
    assert TOKEN in seen
    assert "hub.hasty_client" in running[0]
    out = StringIO()
    call_command("check", stdout=out, stderr=out)
    pages = StringIO()
    for person, addresses in {
        cast.otto: ["/hub/"],
        cast.lena: ["/s/chest/pushes/", content.page, "/s/chest/record/"],
    }.items():
        client = Client()
        client.force_login(person)
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200
            pages.write(answer.content.decode() + str(answer.headers))
    home = Path(settings.CONSILIUM_HOME)
    everywhere = {
        "database": stored(),
        "log": log.getvalue(),
        "commands": out.getvalue(),
        "pages": pages.getvalue(),
        **{f"processes {number}": text for number, text in enumerate(running)},
        **{str(path): path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file()},
    }
    assert len(everywhere["log"]) > 500
    assert f"…{TOKEN[-4:]}" in everywhere["pages"]
    assert [place for place, text in everywhere.items() if TOKEN in text] == []
