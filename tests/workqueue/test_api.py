import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from consilium.people.models import Participation
from consilium.rates import Rate, buckets
from consilium.workqueue import kinds
from consilium.workqueue.models import Claim, Draft, Submission
from consilium.workqueue.open import close_item, open_items
from tests.factories.cast import Cast
from tests.workqueue import kind as test_kind
from tests.workqueue.conftest import Browser, Opens
from tests.workqueue.test_claim import expire, taken
from tests.workqueue.test_submit import FIRST, SECOND

LogIn = Callable[[str], Browser]


def submission(content: dict[str, Any] = FIRST, **more: Any) -> dict[str, Any]:
    return {"content": content, "key": str(uuid.uuid4()), "active_seconds": 5, "base_version": 0, **more}


def test_submitting_leads_to_the_next_case_until_nothing_is_left(
    cast: Cast, opened: Opens, browser: LogIn
) -> None:
    opened(2)
    anna = browser("anna")
    for expected in ("/test-work/", "/s/chest/work/test/"):
        reply = anna.send(taken(cast), "submit", **submission())
        assert reply.status_code == 200
        assert reply.json()["next"].startswith(expected)
    page = anna.get(reply.json()["next"])
    assert "You have finished 2 of this kind, 2 pieces of work today" in page.content.decode()


def test_the_median_is_of_measured_time_and_says_so_where_there_is_none(
    cast: Cast, opened: Opens, browser: LogIn
) -> None:
    opened(3)
    anna, queue = browser("anna"), "/s/chest/work/"
    assert "none yet" in anna.get(queue).content.decode()
    anna.send(taken(cast), "submit", **submission(active_seconds=0))
    page = anna.get(queue).content.decode()
    assert "not measured" in page
    assert "0:00" not in page
    claim = taken(cast)
    started = timezone.now() - timedelta(seconds=90)
    Claim.objects.filter(pk=claim.pk).update(heartbeat_at=started)
    anna.send(claim, "submit", **submission(active_seconds=75))
    assert "1:15" in anna.get(queue).content.decode()


def test_the_same_reply_for_the_same_key(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, body, anna = taken(cast), submission(), browser("anna")
    replies = {anna.send(claim, "submit", **body).content for _ in range(10)}
    assert len(replies) == 1
    assert Submission.objects.count() == 1


def test_invalid_content_names_the_fields(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    reply = browser("anna").send(taken(cast), "submit", **submission({}))
    assert reply.status_code == 422
    assert reply.json()["fields"] == {"choices.accuracy": "Choose one."}


def test_two_tabs_get_409_with_both_versions(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    anna.send(claim, "submit", **submission())
    reply = anna.send(claim, "submit", **submission(SECOND))
    assert reply.status_code == 409
    assert {name: reply.json()[name] for name in ("yours", "current", "content")} == {
        "yours": 0,
        "current": 1,
        "content": FIRST,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b'{"content": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"content": ' + b'{"a":' * 50 + b"1" + b"}" * 50 + b"}", 400),
        (b'{"content": {"note": "\\u0000"}}', 400),
        (b'{"content": {"note": "\\ud800"}}', 400),
        (b'{"content": {"\\u0000": 1}}', 400),
        (b'{"content": {"note": "' + b"a" * 300_000 + b'"}}', 413),
        (b"a" * 3_000_000, 413),
    ],
)
def test_bodies_that_cannot_be_used(
    cast: Cast, opened: Opens, browser: LogIn, body: bytes, status: int
) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    for call in ("submit", "draft"):
        reply = anna.post(f"/work/{claim.token}/{call}/", body, "application/json")
        assert (reply.status_code, list(reply.json())[:2]) == (status, ["error", "fields"])
    assert not Submission.objects.exists()
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"key": "not-a-uuid"},
        {"key": 7},
        {"active_seconds": -1},
        {"active_seconds": 1.5},
        {"active_seconds": True},
        {"active_seconds": 10**12},
        {"base_version": "0"},
        {"content": []},
        {"content": None},
        {"extra": 1},
    ],
)
def test_fields_of_the_wrong_type(cast: Cast, opened: Opens, browser: LogIn, change: dict[str, Any]) -> None:
    opened(1)
    assert browser("anna").send(taken(cast), "submit", **submission(**change)).status_code == 400


def test_only_json_is_read(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    url, anna = f"/work/{taken(cast).token}/submit/", browser("anna")
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        assert anna.post(url, json.dumps(submission()), content_type).status_code == 400
    assert anna.get(url).status_code == 405


def test_without_a_csrf_token_nothing_happens(cast: Cast, opened: Opens, with_screen: None) -> None:
    opened(1)
    claim = taken(cast)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.anna, backend="consilium.people.sessions.Backend")
    reply = strict.post(f"/work/{claim.token}/submit/", submission(), "application/json")
    assert reply.status_code == 403
    assert not Submission.objects.exists()
    token = strict.get("/work/session/").json()
    assert token["person"] == str(cast.anna.pk)
    headers = {"X-CSRFToken": token["csrf"]}
    reply = strict.post(f"/work/{claim.token}/submit/", submission(), "application/json", headers=headers)
    assert reply.status_code == 200


@pytest.mark.parametrize("call", ["draft", "finish", "heartbeat", "postpone", "skip", "submit"])
@pytest.mark.parametrize("who", ["ben", "rosa", "lena", "otto", "nora"])
def test_somebody_elses_token_looks_unknown(
    cast: Cast, opened: Opens, browser: LogIn, call: str, who: str
) -> None:
    opened(1)
    bodies: dict[str, dict[str, Any]] = {
        "draft": {"content": {}, "draft_version": 0, "base_version": 0},
        "finish": {},
        "heartbeat": {"active_seconds": 1},
        "postpone": {},
        "skip": {"reason": "x"},
        "submit": submission(),
    }
    claim, other = taken(cast), browser(who)
    theirs = other.send(claim, call, **bodies[call])
    unknown = other.send(uuid.uuid4(), call, **bodies[call])
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.content == unknown.content
    assert other.get(f"/test-work/{claim.token}/").status_code == 404


def test_nobody_is_sent_to_the_login(cast: Cast, opened: Opens, with_screen: None) -> None:
    opened(1)
    reply = Browser().send(taken(cast), "submit", **submission())
    assert reply.status_code == 302
    assert "/accounts/login/" in reply.headers["Location"]


def test_withdrawn_consent_is_403(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    Participation.objects.filter(person=cast.anna).update(consent_version=1, withdrawn_at="2026-01-01T00:00Z")
    assert anna.send(claim, "submit", **submission()).status_code == 403
    assert anna.post("/s/chest/work/test/next/").headers["Location"] == "/s/chest/take-part/"


def test_a_deactivated_person_is_out(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(is_active=False)
    assert anna.send(claim, "submit", **submission()).status_code == 302
    assert not Submission.objects.exists()


def test_closed_work_is_410_and_the_draft_is_kept(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    anna.send(claim, "draft", content=FIRST, draft_version=0, base_version=0)
    close_item(claim.item)
    for call, body in (("submit", submission()), ("heartbeat", {"active_seconds": 1})):
        assert anna.send(claim, call, **body).status_code == 410
    assert Draft.objects.get().content == FIRST
    assert anna.get(f"/test-work/{claim.token}/").status_code == 410


def test_drafts_never_overwrite_silently(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")

    def save(content: dict[str, Any], version: int, base: int = 0) -> Any:
        return anna.send(claim, "draft", content=content, draft_version=version, base_version=base)

    assert save({"note": "one"}, 0).json()["draft_version"] == 1
    assert save({"note": "two"}, 1).json()["draft_version"] == 2
    for stale in (0, 1, 7):
        refused = save({"note": "other tab"}, stale)
        assert refused.status_code == 409
        both = refused.json()
        assert (both["current"], both["content"], both["yours"]) == (
            2,
            {"note": "two"},
            {"note": "other tab"},
        )
    anna.send(claim, "submit", **submission())
    assert save({"note": "late"}, 0).status_code == 409
    assert save({"note": "late"}, 2).status_code == 409
    assert not Draft.objects.exists()
    assert save({"note": "revision"}, 0, base=1).status_code == 200


def test_an_expired_claim_keeps_what_is_typed(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    expire(claim)
    taken(cast, "ben")
    beat = anna.send(claim, "heartbeat", active_seconds=1).json()
    assert (beat["state"], "You can still submit" in beat["notice"]) == ("expired", True)
    assert anna.send(claim, "draft", content=FIRST, draft_version=0, base_version=0).status_code == 200
    reply = anna.send(claim, "submit", **submission()).json()
    assert reply["surplus"]
    assert "stored as surplus" in anna.get("/s/chest/work/").content.decode()


def test_postponing_leads_on_and_then_to_the_queue(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(2)
    claim, anna = taken(cast), browser("anna")
    where = anna.send(claim, "postpone").json()["next"]
    assert where.startswith("/test-work/")
    second = Claim.objects.get(person=cast.anna, state="claimed")
    assert anna.send(second, "postpone").json()["next"] == "/s/chest/work/"


def test_finishing_for_today_puts_off_and_claims_nothing(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(2)
    claim, anna = taken(cast), browser("anna")
    for _ in range(2):  # a double click
        assert anna.send(claim, "finish").json() == {"next": "/s/chest/work/"}
    assert list(Claim.objects.values_list("state", flat=True)) == ["postponed"]
    assert "Put off. It comes back" in anna.get("/s/chest/work/").content.decode()


def test_skipping_needs_a_reason(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    assert anna.send(claim, "skip", reason=" ").status_code == 422
    assert anna.send(claim, "skip", reason="x" * 301).status_code == 422
    assert anna.send(claim, "skip", reason="Outside my field").json()["next"] == "/s/chest/work/test/"


def test_a_busy_database_asks_to_try_again(
    cast: Cast, opened: Opens, browser: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(1)

    def busy(**_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("consilium.workqueue.api.submit_and_go_on", busy)
    reply = browser("anna").send(taken(cast), "submit", **submission())
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")


def test_a_next_screen_that_fails_does_not_look_like_a_lost_answer(
    cast: Cast, opened: Opens, browser: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> str:
        raise ZeroDivisionError

    opened(2)
    monkeypatch.setattr("consilium.workqueue.api.next_screen", broken)
    reply = browser("anna").send(taken(cast), "submit", **submission())
    assert (reply.status_code, reply.json()["screen"]) == (200, "")
    assert Submission.objects.count() == 1


def test_the_queue_page_tells_and_resumes(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(4)
    anna = browser("anna")
    anna.send(taken(cast), "submit", **submission())
    page = anna.get("/s/chest/work/").content.decode()
    claim = Claim.objects.get(person=cast.anna, state="claimed")
    assert f'href="/test-work/{claim.token}/"' in page
    assert "of 4" in page


def test_the_next_button(cast: Cast, opened: Opens, browser: LogIn) -> None:
    anna = browser("anna")
    opened(1)
    reply = anna.post("/s/chest/work/test/next/")
    assert reply.headers["Location"] == f"/test-work/{Claim.objects.get().token}/"
    assert anna.get(reply.headers["Location"]).status_code == 200
    assert browser("ben").post("/s/chest/work/test/next/").headers["Location"] == "/s/chest/work/test/"
    assert anna.get("/s/chest/work/test/next/").status_code == 405
    assert anna.post("/s/chest/work/nonsense/next/").status_code == 404
    for outsider in ("nora", "otto"):
        assert browser(outsider).post("/s/chest/work/test/next/").status_code == 404
        assert browser(outsider).get("/s/chest/work/").status_code == 404


@pytest.fixture
def second_kind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work of another kind that waits for the annotators: a trace review with the test kind's screen."""
    review = replace(test_kind.KIND, name="review", label="Trace review")
    monkeypatch.setitem(kinds._kinds, "review", review)
    open_items(
        study=cast.study,
        kind="review",
        name="Reviews",
        objects=[(number, {}) for number in (1, 2)],
        role="annotator",
        capacity=1,
        by=cast.lena,
    )


def test_the_queue_page_says_what_is_open_where_it_offers_no_start(
    cast: Cast, opened: Opens, browser: LogIn, second_kind: None
) -> None:
    opened(2)
    anna = browser("anna")
    anna.post("/s/chest/work/review/next/")
    claim = Claim.objects.get()
    page = " ".join(anna.get("/s/chest/work/").content.decode().split())
    assert 'first.</span><button type="button" class="button" disabled>Start</button>' in page
    assert f'Finish or put off <a href="/test-work/{claim.token}/">the open trace review</a> first.' in page
    anna.send(claim, "finish")
    assert "Finish or put off" not in anna.get("/s/chest/work/").content.decode()


def test_the_end_of_a_queue_starts_work_of_other_kinds(
    cast: Cast, opened: Opens, browser: LogIn, second_kind: None
) -> None:
    opened(1)
    anna = browser("anna")
    anna.send(taken(cast), "submit", **submission())
    page = anna.get("/s/chest/work/test/").content.decode()
    assert "Nothing is left for you" in page
    assert '<form method="post" action="/s/chest/work/review/next/">' in page
    anna.post("/s/chest/work/review/next/")
    claim = Claim.objects.get(person=cast.anna, state="claimed")
    resumed = anna.get("/s/chest/work/test/").content.decode()
    assert f'<a class="button" href="/test-work/{claim.token}/">Resume</a>' in resumed


def test_other_unfinished_work_is_shown(cast: Cast, opened: Opens, browser: LogIn, second_kind: None) -> None:
    opened(1)
    taken(cast)
    reply = browser("anna").post("/s/chest/work/review/next/")
    assert reply.status_code == 409
    assert "Go to it" in reply.content.decode()


def test_the_form_carries_what_is_stored(cast: Cast, opened: Opens, browser: LogIn) -> None:
    opened(1)
    claim, anna = taken(cast), browser("anna")
    evil = {"note": "\"'><script>alert(1)</script>"}
    anna.send(claim, "draft", content=evil, draft_version=0, base_version=0)
    page = anna.get(f"/test-work/{claim.token}/").content.decode()
    assert "<script>alert" not in page
    assert 'data-draft-version="1"' in page


def test_too_many_submissions_are_told_when_to_come_again_and_nothing_is_lost(
    cast: Cast, opened: Opens, browser: LogIn, settings: Any
) -> None:
    settings.RATES = settings.RATES | {"submit": Rate(1, 60)}
    opened(2)
    anna, ben = browser("anna"), browser("ben")
    assert anna.send(taken(cast), "submit", **submission()).status_code == 200
    claim, sent = taken(cast), submission()
    refused = anna.send(claim, "submit", **sent)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json()["retry_after"] == 60
    draft = anna.send(claim, "draft", content=FIRST, draft_version=0, base_version=0)
    assert draft.status_code == 200, "drafts have a limit of their own"
    assert Submission.objects.filter(person=cast.anna).count() == 1
    assert ben.send(claim, "submit", **submission()).status_code == 404, "others have their own limit"
    buckets.clear()
    assert anna.send(claim, "submit", **sent).status_code == 200
    assert Submission.objects.filter(person=cast.anna).count() == 2


def test_a_draft_beyond_the_limit_is_refused_and_the_stored_one_stays(
    cast: Cast, opened: Opens, browser: LogIn, settings: Any
) -> None:
    settings.RATES = settings.RATES | {"call": Rate(1, 60)}
    opened(1)
    anna, claim = browser("anna"), taken(cast)
    assert anna.send(claim, "draft", content=FIRST, draft_version=0, base_version=0).status_code == 200
    refused = anna.send(claim, "draft", content=SECOND, draft_version=1, base_version=0)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert Draft.objects.get().content == FIRST
