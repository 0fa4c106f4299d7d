"""What every page owes its reader: a title, one heading, a policy; and with empty content."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from consilium.people.models import Person, Role
from consilium.people.studies import add_member, create_study
from tests.dashboard.access_table import READ
from tests.factories.cast import Cast, person
from tests.factories.world import make_world, patterns

Shown = tuple[str, dict[str, str]]
FRAGMENTS = {
    "jobs:progress",
    "benchmark:estimate",
    "benchmark:live",
    "benchmark:being-scored",
    "benchmark:batch-live",
    "training:launch-data",
    "training:live",
    "training:log",
    "training:paradigms",
}
FRAGMENTS |= {"site:pipeline-live"}
NO_PAGES = {"site:health", "site:ready", "work:session", "mfa_download_recovery_codes"}
# Pages of a study that a lead opens before anything was brought in, and what each then says to do.
FIRST_STEPS = {
    "site:study": "import",
    "curation:imports": "source",
    "curation:images": "import",
    "curation:questions": "import",
    "curation:pixel-reviews": "pixel",
    "curation:traces": "model",
    "curation:releases": "freeze",
    "curation:new-release": "release",
    "annotation:rounds": "question",
    "annotation:cases": "round",
    "annotation:agreement": "round",
    "training:runs": "release",
    "training:launch": "release",
    "site:pipelines": "release",
    "site:new-pipeline": "release",
    "benchmark:leaderboard": "release",
    "benchmark:launch": "release",
    "calls:endpoints": "add",
    "calls:entries": "registry",
    "people:members": "invit",
    "people:guidelines": "publish",
    "people:take-part": "take part",
    "site:record": "created",
    "work:queue": "lead",
}
OUTSIDE = re.compile(r"""(?:src|href|action|data-[a-z-]+|hx-[a-z]+)\s*=\s*["'](?:https?:)?//""", re.I)
TEMPLATE_TAG = re.compile(r"\{[#%]|[#%]\}")
# What people may follow on purpose: a repository on the Hub, which does not learn where they came from.
LEADS_OUT = re.compile(r'<a href="https://huggingface\.co/[^"]*" rel="noopener noreferrer" target="_blank">')
INLINE = re.compile(
    r"<[a-z][^<>]*\s(?:on[a-z]+|style)\s*=|<script(?![^>]*\bsrc=)[^>]*>|<style|javascript:", re.I
)


@pytest.fixture
def lead(db: None) -> Client:
    """The lead of a study that was created a moment ago."""
    lena = person("lena")
    study = create_study(slug="fresh", name="Fresh study", description="", by=None)
    add_member(study=study, person=lena, role=Role.LEAD, by=None)
    return signed_in(lena)


def signed_in(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


def study_pages() -> list[str]:
    """Pages that need nothing but a study."""
    return [name for name, words in patterns().items() if words == ["study"] and READ[name][3] == 200]


def policy() -> set[str]:
    """The directives as the settings list them."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return {f"{name} {' '.join(values)}" for name, values in directives.items()}


@pytest.mark.parametrize("name", [*study_pages(), "benchmark:launch", "work:finished"])
def test_a_new_study_has_no_empty_page(lead: Client, name: str) -> None:
    kinds = {"benchmark:launch": ["judge"], "work:finished": ["compare"]}
    answer = lead.get(reverse(name, args=["fresh", *kinds.get(name, [])]), follow=True)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert not re.search(r"\bNone\b(?!:)", re.sub(r"<[^>]+>", " ", page)), "a Python None is shown"
    if name in FIRST_STEPS:
        main = page.split("<main", 1)[1].lower()
        assert FIRST_STEPS[name] in main, f"{name} does not say what to do next"


def test_settings_that_contradict_each_other_are_refused_on_the_page(lead: Client) -> None:
    address = reverse("people:settings", args=["fresh"])
    shown = {
        field.name: field.initial for field in lead.get(address).context["form"] if field.initial is not None
    }
    answer = lead.post(address, shown | {"split_train": "0.9", "split_dev": "0.9"})
    assert answer.status_code == 200
    assert "must not be more than 1" in answer.content.decode()


@pytest.fixture
def pages(cast: Cast) -> dict[str, Shown]:
    """URL name to the page and headers that somebody who may see it gets."""
    world = make_world(cast)
    roles = ("annotator", "adjudicator", "lead", "operator")
    clients = {role: signed_in(found) for role in roles if (found := world.person(role))}
    shown = {}
    for name, row in READ.items():
        role = next((role for role, place in _places() if row[place] == 200), None)
        if role is not None and name not in NO_PAGES:
            answer = clients[role].get(world.address(name))
            if answer.headers["Content-Type"].startswith("text/html"):
                shown[name] = (answer.content.decode(), dict(answer.headers))
    shown["account_login"] = _public("/accounts/login/")
    shown["people:join"] = _public(world.address("people:join"))
    return shown


def _places() -> list[tuple[str, int]]:
    return [("lead", 3), ("annotator", 1), ("adjudicator", 2), ("operator", 4)]


def _public(address: str) -> Shown:
    answer = Client().get(address)
    return answer.content.decode(), dict(answer.headers)


def test_every_page_keeps_the_promises(pages: dict[str, Shown]) -> None:
    assert len(pages) > 40
    for name, (page, headers) in pages.items():
        assert not TEMPLATE_TAG.findall(page), name
        assert not OUTSIDE.findall(LEADS_OUT.sub("", page)), name
        assert not INLINE.findall(page), (name, INLINE.findall(page))
        assert set(headers["Content-Security-Policy"].split("; ")) == policy(), name
        assert "private" in headers["Cache-Control"], name
        assert "no-store" in headers["Cache-Control"], name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        if name not in FRAGMENTS:
            assert re.search(r'<html[^>]*\blang="en', page), name
            assert re.search(r"<title>\s*\S[^<]*</title>", page), name
            # The design page shows the page header among its components.
            assert len(re.findall(r"<h1\b", page)) == (2 if name == "site:design" else 1), name
            assert page.count("<main") == 1, name


def test_error_pages_keep_them_too(cast: Cast) -> None:
    for address, status in (("/s/chest/nowhere/", 404), ("/s/chest/members/", 403)):
        answer = signed_in(cast.anna).get(address)
        assert answer.status_code == status
        assert not OUTSIDE.findall(answer.content.decode())
        assert set(answer.headers["Content-Security-Policy"].split("; ")) == policy()
        assert "no-store" in answer.headers["Cache-Control"]
