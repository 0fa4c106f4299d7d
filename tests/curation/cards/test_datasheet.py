"""The datasheet: the questions a stranger asks, answered from the frozen rows, on a page of leads."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.statistics.json_form import as_json, from_json
from curation.cards.datasheet import datasheet
from curation.cards.facts import ReleaseFacts
from curation.cards.write import release_facts
from curation.layouts.reader import ReleaseReader
from curation.models import FactsSummary, Release, Source
from tests.factories.cast import Cast


def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def shown(cast: Cast, release: Release) -> str:
    address = reverse("curation:datasheet", args=[cast.study.slug, release.pk])
    page = lead(cast).get(address).content.decode()
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.split("<main")[1])))


def test_it_says_who_labelled_how_well_they_agreed_and_what_it_may_be_used_for(
    preferences: Release, voted: Cast
) -> None:
    page = shown(voted, preferences)
    for told in (
        "4 cases, with 4 images",
        "Brain and senses 4 0 0",
        "Named at their own wish: Ben Odhiambo, MD, radiology.",
        "Accuracy 4 0.83",
        "Version 1 of the guidelines was in force",
        "Diagnosis or treatment of anybody",
        "Commercial use is not permitted by: Own archive.",
        "CC-BY-4.0",
        preferences.digest,
        "Gwet AC1 of the readers",
    ):
        assert told in page, told


@pytest.mark.parametrize("kind", ["preferences", "traces"])
def test_every_question_has_an_answer_and_the_facts_are_kept_as_they_were_counted(
    request: pytest.FixtureRequest, kind: str
) -> None:
    facts = release_facts(ReleaseReader(request.getfixturevalue(kind)))
    assert from_json(ReleaseFacts, as_json(facts)) == facts
    parts = datasheet(facts)
    assert [len(part.answers) > 0 for part in parts] == [True] * 7
    assert all(answer.sentences or answer.listing for part in parts for answer in part.answers)


def test_it_is_counted_once_and_tells_what_the_source_was_at_the_freeze(
    preferences: Release, voted: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shown(voted, preferences)
    Source.objects.update(licence="Changed since")

    def again(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("curation.cards.kept_facts.release_facts", again)
    assert shown(voted, preferences) == before
    assert FactsSummary.objects.count() == 1


def test_that_of_a_large_release_is_written_by_a_job(
    preferences: Release, voted: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consilium.jobs.summaries.FEW", 1)
    assert "being computed" in shown(voted, preferences)
    assert run_now(Job.objects.get(kind="curation.facts")).state == "succeeded"
    assert "4 cases, with 4 images" in shown(voted, preferences)
    address = reverse("curation:compute-datasheet", args=[voted.study.slug, preferences.pk])
    assert lead(voted).post(address).status_code == 302
    assert Job.objects.filter(kind="curation.facts").count() == 2


def test_what_people_wrote_is_text(traces: Release, cast: Cast) -> None:
    Release.objects.filter(pk=traces.pk).update(withdrawn_reason="<b>x</b>", state="withdrawn")
    page = lead(cast).get(reverse("curation:datasheet", args=[cast.study.slug, traces.pk])).content.decode()
    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page
