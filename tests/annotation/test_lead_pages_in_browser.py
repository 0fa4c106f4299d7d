"""The leads' pages in Chromium: no complaint, no sideways scroll, dialogs work."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.agreement import AGREEMENT
from annotation.models import AgreementSummary
from consilium.jobs import summaries
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from tests.annotation.conftest import log_in
from tests.annotation.test_in_browser import shoot
from tests.factories import annotation as making
from tests.factories.annotation_pictures import opened_with_pictures
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_lead_looks_at_everything_and_leaves_a_case_out(window: Page, live_server: Any, cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    opened_with_pictures(cast, questions=4)
    for letters in ("aaa", "bbb", "aab"):
        for person, letter in zip(cast.annotators, letters, strict=True):
            making.vote(cast.study, person, letter, creativity="a")
    log_in(window, live_server.url, cast.lena)
    for name in ("cases", "rounds", "agreement"):
        window.goto(live_server.url + reverse(f"annotation:{name}", kwargs={"study": "chest"}))
        shoot(window, f"lead-{name}")
        assert window.evaluate("document.documentElement.scrollWidth") <= 1280
        assert violations(window) == []
    window.goto(live_server.url + reverse("annotation:cases", kwargs={"study": "chest"}))
    window.click("text=Disputed 1")
    window.click("tbody a")
    shoot(window, "lead-case")
    assert violations(window) == []
    window.click("[data-opens-dialog=exclude]")
    window.fill("#exclude input[name=reason]", "The slice does not show the organ.")
    window.keyboard.press("Enter")
    window.wait_for_selector("text=left out because")


def test_agreement_of_many_votes_arrives_by_itself(
    window: Page, live_server: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "FEW", 0)
    making.set_up(cast.study, quiet_hours=0)
    opened_with_pictures(cast, questions=3)
    for person in cast.annotators:
        making.vote(cast.study, person, "a")
    log_in(window, live_server.url, cast.lena)
    address = live_server.url + reverse("annotation:agreement", kwargs={"study": "chest"})
    for name, state in (("first", "Waits for a worker"), ("older", "Agreement as of 3")):
        window.goto(address)
        expect(window.get_by_text(state)).to_be_visible()
        shoot(window, f"lead-agreement-{name}")
        assert violations(window) == []
        run_now(Job.objects.get(kind=AGREEMENT.name, state="queued"))
        expect(window.get_by_text("nothing has changed since")).to_be_visible()
        making.vote(cast.study, cast.annotators[0], "b")
        AgreementSummary.objects.update(computed_at=timezone.now() - timedelta(minutes=3))
