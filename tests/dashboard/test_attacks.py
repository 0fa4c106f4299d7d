"""What somebody would try at every address: foreign objects, hostile queries, forged requests."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from itertools import cycle, product
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from consilium.jobs.run import run_now
from consilium.people.models import Study
from curation.releases.export import start_export
from curation.releases.gather import freeze_traces
from tests.dashboard.access_table import READ, WRITE, Sent
from tests.dashboard.test_access import JSON, browser, changed_since, fingerprint, post, read
from tests.factories.world import World, patterns

AUDIT = {"audit_auditevent", "audit_audithead"}
# What a query would have to hold to reach a table's other columns, its order or its connectors.
LOOKUPS = {
    "annotator__password__startswith": "p",
    "created_by__password__regex": "^p",
    "study__memberships__person__password": "p",
    "password": "p",
    "_connector": "OR",
    "_negated": "1",
    "order_by": "created_by__password",
    "ordering": "-password",
    "fields": "password",
}
INJECTIONS = (
    "%' OR 1=1--",
    "' OR ''='",
    "'; SELECT pg_sleep(5)--",
    '") UNION SELECT password FROM people_person--',
    "\\' OR 1=1 /*",
)
NOTHING_LIKE_IT = "zzyzxqq"
SEARCHES = ("q", "state", "use", "specialty", "page", "kind")
FORGED: dict[str, dict[str, str]] = {
    "no token": {},
    "another session's token": {"X-CSRFToken": "a" * 64},
    "a short token": {"X-CSRFToken": "x"},
    "from nowhere": {"Origin": "null"},
    "another site": {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
}


def pages_with(*arguments: str) -> list[str]:
    """URL names of pages that a lead of the study reads and that take these arguments."""
    return [name for name, words in patterns().items() if words == [*arguments] and READ[name][3] == 200]


def bare(answer: Any) -> str:
    """The answer without what is drawn anew for each request, and without a repeated query."""
    page = "" if answer.streaming else answer.content.decode(errors="replace")
    text = re.sub(r"(csrfmiddlewaretoken\" value=\"|X-CSRFToken\W+|csrf\": \"|data-csrf=\")\w+", "", page)
    return re.sub(r"\?[^\"'\s]*", "", text)


@pytest.mark.django_db
def test_objects_of_another_study_are_not_found_under_ones_own(world: World) -> None:
    nora = browser(world, "outsider")
    asked = 0
    assert nora.get(reverse("curation:images", args=["other"])).status_code == 200
    before = fingerprint()
    for name in (name for name, words in patterns().items() if "study" in words and len(words) > 1):
        if not {"pk", "token"} & set(patterns()[name]):
            continue
        address = world.address(name, study="other")
        sent = WRITE.get(name, Sent(READ[name]))
        statuses = {read(nora, address).status_code, post(nora, address, sent).status_code}
        assert statuses <= {404, 405}, (name, statuses)
        assert 404 in statuses, (name, statuses)
        asked += 1
    assert asked > 25
    assert changed_since(before) == set()


@pytest.mark.django_db
def test_names_of_fields_in_a_query_ask_the_database_nothing_more(world: World) -> None:
    client = browser(world, "lead")
    names = [name for name, row in READ.items() if row[3] == 200]
    assert len(names) > 40
    for name in names:
        address = world.address(name)
        read(client, address)  # what is kept after the first look is kept now
        seen = []
        now = datetime.now(UTC)  # a page that tells the time tells the same twice
        for query in ({}, LOOKUPS):
            with time_machine.travel(now, tick=False), CaptureQueriesContext(connection) as captured:
                answer = read(client, address, **query)
            asked = [re.sub(r"'[^']*'|\d+", "?", each["sql"]) for each in captured]
            seen.append((answer.status_code, asked, bare(answer)))
        assert seen[0] == seen[1], name


@pytest.mark.django_db
def test_names_of_fields_in_a_call_are_refused(world: World) -> None:
    client, before = browser(world, "annotator"), fingerprint()
    for name, sent in WRITE.items():
        if sent.is_json and name.startswith("work:") and name not in {"work:ahead", "work:finish"}:
            status = client.post(world.address(name), sent.fields | LOOKUPS, JSON).status_code
            assert status == 400, name
    assert changed_since(before) == set()


@pytest.mark.django_db
def test_sql_in_a_search_is_searched_for_as_text(world: World) -> None:
    client = browser(world, "lead")
    for name in pages_with("study"):
        read(client, world.address(name))  # what is kept after the first look is kept now
        seen = {}
        for searched in (NOTHING_LIKE_IT, *INJECTIONS):
            with CaptureQueriesContext(connection) as captured:
                answer = read(client, world.address(name), **dict.fromkeys(SEARCHES, searched))
            # Without its values the statement is that of a harmless word: what was sent is a value.
            seen[searched] = (answer.status_code, [shape(each["sql"]) for each in captured])
        assert [text for text in INJECTIONS if seen[text] != seen[NOTHING_LIKE_IT]] == [], name


def shape(sql: str) -> str:
    """The statement without its values."""
    return re.sub(r"'(?:[^']|'')*'|\d+", "?", sql)


@pytest.mark.django_db
def test_a_search_for_signs_of_patterns_finds_what_holds_them(world: World) -> None:
    client, address = browser(world, "lead"), world.address("curation:questions")
    assert "What does picture" in client.get(address, {"q": "picture"}).content.decode()
    for text in (*INJECTIONS, "%", "_", "What%picture"):
        assert "What does picture" not in client.get(address, {"q": text}).content.decode(), text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"dsa": ' * 1000 + "1" + "}" * 1000,
        '{"__proto__": {"seed": 1}}',
        '{"dsa": {"__class__": 1}}',
        '{"dsa": {"constructor": {"prototype": 1}}}',
        '{"dsa": {"seed": ' + "9" * 100_000 + "}}",
        '{"dsa": "' + "a" * 10_000_000 + '"}',
        "NaN",
        "!!python/object/apply:os.system [id]",
    ],
    ids=range(9),
)
def test_settings_that_are_bombs_start_nothing(world: World, text: str) -> None:
    client, before = browser(world, "lead"), fingerprint()
    answer = client.post(world.address("training:launch"), {"seed": "1", "dsa-epochs": text, "gba-kl": text})
    assert answer.status_code in (200, 400, 413)
    study = client.post(world.address("people:settings"), {"quiet_hours": text, "__proto__": text})
    assert study.status_code in (200, 400, 413)
    assert changed_since(before) == set()


@pytest.mark.django_db
def test_a_bug_in_a_call_is_answered_without_its_text(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("SELECT password FROM people_person WHERE name = 'Jane Doe'")

    monkeypatch.setattr("consilium.workqueue.drafts.save_draft", broken)
    answer = post(browser(world, "annotator"), world.address("work:draft"), WRITE["work:draft"])
    assert answer.status_code == 500
    for hidden in ("Jane Doe", "SELECT", "ValueError", "Traceback", str(settings.BASE_DIR)):
        assert hidden not in answer.content.decode()


@pytest.mark.django_db
def test_requests_that_another_site_forges_change_nothing(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.cast.lena)
    client.get(world.address("work:session"))  # the browser has the cookie of the token
    before = fingerprint()
    ways = cycle(product(FORGED, ("application/x-www-form-urlencoded", "text/plain", JSON)))
    for (name, sent), (how, content) in zip(WRITE.items(), ways, strict=False):
        address, headers = world.address(name), FORGED[how]
        assert client.post(address, sent.fields, headers=headers).status_code == 403, (name, how)
        text = json.dumps(sent.fields)
        assert client.post(address, text, content, headers=headers).status_code == 403, (name, how, content)
        verb = (client.put, client.patch, client.delete)[len(name) % 3]
        assert verb(address, headers=headers).status_code == 403, name
    assert changed_since(before) == set()


@pytest.mark.django_db
def test_with_a_good_token_another_sites_origin_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.cast.lena)
    token = client.get(world.address("work:session")).json()["csrf"]
    address, fields = world.address("people:guidelines"), {"text": "Forged."}
    for origin in ("null", "https://evil.example", "http://testserver.evil.example"):
        headers = {"X-CSRFToken": token, "Origin": origin}
        assert client.post(address, fields, headers=headers).status_code == 403, origin
    honest: dict[str, Any] = {"X-CSRFToken": token, "Origin": "http://testserver"}
    assert client.post(address, fields, headers=honest).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("name", ['x"\r\nSet-Cookie: a=b', "../../etc/cron.d/x", "\u202egnp.exe"])
def test_no_name_that_people_choose_reaches_the_name_of_a_download(world: World, name: str) -> None:
    cast = world.cast
    Study.objects.filter(pk=cast.study.pk).update(name=name)
    export = start_export(release=freeze_traces(study=cast.study, name=name, by=cast.lena), by=cast.lena)
    run_now(export.job)
    client = Client()
    client.force_login(cast.lena)
    answer = client.get(reverse("curation:download-export", args=["chest", export.pk]))
    told = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="chest-traces-[0-9a-f]{12}\.zip"', told)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    inside = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()  # type: ignore[attr-defined]
    assert all(re.fullmatch(r"[a-zA-Z0-9_./-]+", entry) and ".." not in entry for entry in inside)
