"""Every address, asked by every role: what comes back stands in access_table.py, or the suite fails."""

import hashlib
import re
from copy import copy
from typing import Any

import pytest
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from consilium.audit.models import AuditEvent
from consilium.people.break_glass import open_study
from consilium.people.models import Invitation
from curation.models import ExportLink
from tests.dashboard.access_table import BY_GLASS, LEADS, POST_ONLY, READ, SENIORS, WRITE, Sent
from tests.factories.world import ROLES, World, patterns

JSON = "application/json"
NO_UUID = "00000000-0000-4000-8000-000000000000"
ODD = {
    "pk": (0, 2**31, 2**63 - 1, 2**63, 10**30),
    "number": (7, 2**63, 10**30),
    "kind": ("nothing", "__class__"),
    "study": ("no-such-study", "other"),
    "job": (NO_UUID,),
    "batch": (NO_UUID,),
    "key": ("nobody", "__class__", "x" * 200, "\x00"),
}
# Pages of no study whose object only an operator may know of.
OF_OPERATORS = {
    "people:set-active",
    "people:revoke-reset",
    "calls:unshare",
    "calls:edit-entry",
    "calls:restore-entry",
}
ODD_PATHS = (
    "/s/chest/images/-1/",
    "/s/chest/images/1;/",
    "/s/chest/images/%00/",
    "/s/chest/images/\u0661/",
    "/s/chest/images/1%0d%0aSet-Cookie:x/",
    f"/review/{{{NO_UUID}}}/",
    "/s/%2e%2e/images/",
    "/static/../manage.py",
    "/static/%2e%2e/manage.py",
)
ODD_VALUES = ("abc", str(2**63), "\x00", "-1;")
NUMBERS = {"draft_version", "base_version", "active_seconds"}
ODD_FIELDS = ("reset", "review", "release", "base", "endpoint", "source", "round", "kind", "derived_from")
ODD_QUERY = ("page", "state", "use", "specialty", "q", "judges", "solvers", "next", "group", "entry")
# Logging in stores a session and when it was; wrong passwords are counted on purpose.
# Figures that pages keep are derived from the other rows and may go at any time.
PASSING = {
    "django_session",
    "people_remembered",
    "people_attemptcount",
    "annotation_agreementsummary",
    "benchmark_leaderboardsummary",
    "benchmark_reportsummary",
    "curation_factssummary",
}

AUDIT = {"audit_auditevent", "audit_audithead"}
BY_LINK = {"people:join", "curation:take-export"}
# Reading is on record too: images that were shown, copies that were taken, pages that were refused.
VIEWS = {"curation_imageview", "curation_exportlink"}
ON_RECORD = {"access.refused", "export.downloaded", "export.taken_by_link", "report.taken"}


def browser(world: World, role: str) -> Client:
    client = Client(raise_request_exception=False)
    person = world.person(role)
    if person is not None:
        client.force_login(person)
    return client


def read(client: Client, address: str, **query: Any) -> HttpResponseBase:
    answer = client.get(address, query)
    if answer.streaming:
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return answer


def post(client: Client, address: str, sent: Sent) -> Any:
    return client.post(address, sent.fields, content_type=JSON if sent.is_json else MULTIPART_CONTENT)


def write(client: Client, address: str, sent: Sent) -> int:
    """Send it and take back what it changed, in the browser too: some log out; the status."""
    mark, cookies = transaction.savepoint(), copy(client.cookies)
    status: int = post(client, address, sent).status_code
    transaction.savepoint_rollback(mark)
    client.cookies = cookies
    return status


def fingerprint() -> dict[str, str]:
    """Table name to a hash of its rows."""
    found = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - PASSING:
            cursor.execute(f'SELECT * FROM "{table}"')
            kept = [place for place, column in enumerate(cursor.description) if column[0] != "last_login"]
            rows = sorted(repr([row[place] for place in kept]) for row in cursor.fetchall())
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def changed_since(before: dict[str, str]) -> set[str]:
    """The tables whose rows are no longer those."""
    after = fingerprint()
    return {table for table in before if before[table] != after[table]}


def test_the_table_names_every_address_and_no_other() -> None:
    assert set(READ) == set(patterns())
    assert set(WRITE) <= set(patterns())


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_reading_follows_the_table_and_changes_nothing_but_the_record(world: World, role: str) -> None:
    client = browser(world, role)
    place = ROLES.index(role)
    before, known = fingerprint(), list(AuditEvent.objects.values_list("pk", flat=True))
    got = {name: read(client, world.address(name)).status_code for name in READ}
    assert got == {name: row[place] for name, row in READ.items()}
    assert changed_since(before) <= AUDIT | VIEWS
    refused = [name for name, row in READ.items() if row[place] == 403]
    noted = AuditEvent.objects.exclude(pk__in=known).filter(action="access.refused")
    assert sorted(event.data["view"] for event in noted) == sorted(refused)
    before = fingerprint()
    for name in set(READ) - set(WRITE):
        answer = client.post(world.address(name), {"name": "x", "text": "x", "active": "0"})
        assert answer.status_code in (405, READ[name][place]), name
    assert changed_since(before) <= AUDIT
    assert set(AuditEvent.objects.exclude(pk__in=known).values_list("action", flat=True)) <= ON_RECORD


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_changing_follows_the_table(world: World, role: str) -> None:
    place = ROLES.index(role)
    reset = Sent(WRITE["people:accounts"].row, {"reset": world.cast.ben.pk})
    sendings = WRITE | {"people:accounts": reset}
    client = browser(world, role)
    got = {name: write(client, world.address(name), sent) for name, sent in sendings.items()}
    assert got == {name: sent.row[place] for name, sent in WRITE.items()}


@pytest.mark.django_db
def test_by_break_glass_an_operator_reads_what_leads_read_and_changes_nothing(world: World) -> None:
    cast = world.cast
    glass = open_study(study=cast.study, by=cast.otto, reason="A reader cannot open a case.")
    client, place = browser(world, "operator"), ROLES.index("operator")
    before = fingerprint()
    expected = {
        name: 200 if row in (LEADS, SENIORS) or name in BY_GLASS else row[place] for name, row in READ.items()
    }
    assert {name: read(client, world.address(name)).status_code for name in READ} == expected
    opened = {name for name, row in READ.items() if expected[name] != row[place]}
    noted = AuditEvent.objects.filter(action="break_glass.viewed", object_id=str(glass.pk))
    assert {event.data["view"] for event in noted} == opened
    assert changed_since(before) == AUDIT | VIEWS

    # Of the own account and browser, or the site: of no study.
    own = (
        "account_",
        "mfa_",
        "people:",
        "sign-on:",
        "site:idle",
        "signatures:end",
        "calls:shared",
        "calls:unshare",
        "calls:new-entry",
        "calls:edit-entry",
        "calls:restore-entry",
        "hub:token",
        "hub:check-token",
        "hub:remove-token",
    )
    others = {name for name in WRITE if not name.startswith(own)}
    for name in others | {"people:guidelines", "people:members", "people:settings", "people:remove-member"}:
        assert write(client, world.address(name), WRITE[name]) in (403, 404), name
    assert changed_since(before) == AUDIT | VIEWS


@pytest.mark.django_db
def test_not_logged_in_everything_leads_to_the_login_page(world: World) -> None:
    client = browser(world, "nobody")
    own_answers = {"people:join", "curation:take-export", "site:health", "site:ready", "site:metrics"}
    own_answers |= {name for name in READ if name.startswith("sign-on:") and READ[name][0] != 302}
    open_to_all = {"account_login", "account_logout", "mfa_authenticate"} | own_answers
    for name in set(READ) - open_to_all:
        address = world.address(name)
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/accounts/login/?next="), name


@pytest.mark.django_db
def test_no_login_leads_to_an_address_that_only_buttons_may_use(world: World) -> None:
    client = browser(world, "nobody")
    for name in (name for name, row in READ.items() if row == POST_ONLY):
        own = world.address(name)  # where a refusal is shown, for the next press of the same button
        answer = client.post(own, headers={"Referer": f"http://testserver{own}"})
        assert answer.headers["Location"] == "/accounts/login/?next=/", name


@pytest.mark.django_db
def test_somebody_elses_token_is_answered_like_an_unknown_one(world: World) -> None:
    client = browser(world, "lead")
    for links in (Invitation.objects, ExportLink.objects):
        links.update(expires_at="2020-01-01T00:00Z")
    for name in (name for name, words in patterns().items() if words == ["token"]):
        unknown = world.address(name, token="no-such-token" if name in BY_LINK else NO_UUID)
        sent = Sent(POST_ONLY, WRITE[name].fields if name in WRITE else {}, is_json=True)
        for nobodys, theirs in (
            (client.get(unknown), client.get(world.address(name))),
            (post(client, unknown, sent), post(client, world.address(name), sent)),
        ):
            assert nobodys.status_code == theirs.status_code
            assert theirs.status_code in (404, 405), name
            assert _without_tokens(nobodys.content) == _without_tokens(theirs.content), name


def _without_tokens(body: bytes) -> str:
    """The page without the CSRF token, which is drawn anew, and without its own address."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body.decode())
    text = re.sub(r"X-CSRFToken&quot;: &quot;\w+|X-CSRFToken\W+\w+", "", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)


@pytest.mark.django_db
def test_odd_ids_are_not_found_and_never_an_error(world: World) -> None:
    client, operator = browser(world, "lead"), browser(world, "operator")
    answers = {}
    for name, words in patterns().items():
        asking = operator if name in OF_OPERATORS else client
        for word in words:
            # The ids of jobs are no numbers.
            for value in (NO_UUID,) if name.startswith("jobs:") else ODD.get(word, ()):
                address = world.address(name, **{word: value})
                answers[f"GET {address}"] = read(asking, address).status_code
                answers[f"POST {address}"] = write(asking, address, WRITE.get(name, Sent(POST_ONLY)))
    wrong = {asked: status for asked, status in answers.items() if status not in (404, 405)}
    assert wrong == {}
    for path in ODD_PATHS:
        assert client.get(path).status_code == 404, path


@pytest.mark.django_db
def test_odd_ids_in_forms_and_queries_are_refused_and_never_an_error(world: World) -> None:
    clients = {role: browser(world, role) for role in ("lead", "operator")}
    for value in ODD_VALUES:
        body = dict.fromkeys(ODD_FIELDS, value) | {"endpoints": [value], "name": "x", "seed": value}
        for name in set(WRITE) - {"account_logout", "account_login", "work:next"}:
            role = "operator" if name in {"people:accounts", "calls:shared", "calls:new-entry"} else "lead"
            status = write(clients[role], world.address(name), Sent(WRITE[name].row, body))
            assert status < 500, (name, value)
        for name in READ:
            status = read(clients["lead"], world.address(name), **dict.fromkeys(ODD_QUERY, value)).status_code
            assert status < 500, (name, value)


@pytest.mark.django_db
@pytest.mark.parametrize("number", [-1, 2**31, 2**63, 10**40])
def test_odd_numbers_in_calls_are_refused_and_never_an_error(world: World, number: int) -> None:
    client = browser(world, "annotator")
    for name, sent in WRITE.items():
        if sent.is_json:
            body = sent.fields | dict.fromkeys(set(sent.fields) & NUMBERS, number)
            assert write(client, world.address(name), Sent(sent.row, body, is_json=True)) < 500, name


@pytest.mark.django_db
def test_a_deactivated_person_is_out_at_the_next_request(world: World) -> None:
    client = browser(world, "annotator")
    assert client.get(world.address("work:queue")).status_code == 200
    type(world.cast.anna).objects.filter(pk=world.cast.anna.pk).update(is_active=False)
    answer = client.get(world.address("work:queue"))
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_a_refused_change_leaves_one_audit_event_and_nothing_else(world: World) -> None:
    anna, name = world.person("annotator"), "benchmark:launch"
    before = fingerprint()
    assert post(browser(world, "annotator"), world.address(name), WRITE[name]).status_code == 403
    assert changed_since(before) == AUDIT
    event = AuditEvent.objects.order_by("pk").last()
    assert event is not None
    assert (event.action, event.actor, event.study) == ("access.refused", anna, world.cast.study)
    assert event.data == {"view": name}


@pytest.mark.django_db
def test_posts_without_a_token_are_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.cast.lena)
    before = fingerprint()
    for name, sent in WRITE.items():
        assert post(client, world.address(name), sent).status_code == 403, name
    assert fingerprint() == before
