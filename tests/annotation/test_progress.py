"""The counts of overview and rounds: of now in a small study, kept with their age in a large one."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation import progress as room
from annotation.models import ProgressSummary
from annotation.pairing import open_comparison_round
from annotation.progress import PROGRESS, kept_progress, progress_of
from consilium.jobs import summaries
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from consilium.prepared import Prepared
from consilium.workqueue.models import Round
from consilium.workqueue.rounds import RoundCounts
from tests.factories import annotation as making
from tests.factories import curation as stock
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every study as too large for counting at each look."""
    monkeypatch.setattr(room, "_is_large", lambda study: True)


def pages(lead: Client) -> dict[str, Any]:
    return {name: lead.get(reverse(name, args=["chest"])) for name in ("site:study", "annotation:rounds")}


def done(lead: Client) -> set[int]:
    """What the pages say is done in the study's only round."""
    shown = pages(lead)
    (row,), (line,) = shown["annotation:rounds"].context["rounds"], shown["site:study"].context["rounds"]
    return {row["counts"].done, line["done"]}


def let_age() -> None:
    ProgressSummary.objects.update(computed_at=timezone.now() - timedelta(minutes=5))


def test_the_counts_are_those_of_the_rows(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.answered(cast.study, 3)
    opened = open_comparison_round(study=cast.study, name="Round 1", by=cast.lena, limit=2)
    for person in cast.annotators:
        making.vote(cast.study, person)
    making.vote(cast.study, cast.annotators[0])
    found = progress_of(cast.study)
    assert found.rounds == {str(opened.pk): RoundCounts(items=2, open_items=1, slots=6, done=4)}
    assert (found.cases, found.questions) == ({"settled": 1, "open": 1}, {"ready": 3})
    assert (found.submissions, found.test_questions, found.can_pair) == (4, 3, 1)
    assert found.answered == [(name, 3) for name in sorted(making.MODELS)]
    assert progress_of(cast.other_study).rounds == {}


def test_a_small_study_is_counted_at_each_look(cast: Cast, lead: Client) -> None:
    making.opened(cast)
    assert done(lead) == {0}
    making.vote(cast.study, cast.anna)
    assert done(lead) == {1}
    assert "Counts" not in pages(lead)["site:study"].content.decode()
    assert not ProgressSummary.objects.exists()


def test_one_table_with_many_rows_makes_a_study_large(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "FEW", 3)
    monkeypatch.setattr(room, "_LARGE", Prepared(room._large, study=int))
    source = stock.source(cast.study)
    for number in range(3):
        stock.question(cast.study, source, number)
    assert kept_progress(cast.study)[1] is None
    stock.question(cast.study, source, 3)
    assert kept_progress(cast.study)[1] is not None
    assert kept_progress(cast.other_study)[1] is None


def test_a_large_study_shows_kept_counts_until_a_job_brings_newer_ones(
    cast: Cast, lead: Client, large: None
) -> None:
    making.opened(cast)
    assert done(lead) == {0}  # the first time they are counted at once
    making.vote(cast.study, cast.anna)
    assert done(lead) == {0}
    for shown in pages(lead).values():
        assert "at most once a minute" in shown.content.decode()
    assert not Job.objects.exists()
    let_age()
    shown = pages(lead)["annotation:rounds"]
    assert "Counts as of 5\N{NO-BREAK SPACE}minutes ago" in shown.content.decode()
    for page in pages(lead).values():
        assert page.content.decode().count("Counting progress</strong>") == 1
    (job,) = Job.objects.filter(kind=PROGRESS.name)
    run_now(job)
    assert done(lead) == {1}


def test_the_job_that_counts_is_no_change(cast: Cast, lead: Client, large: None) -> None:
    making.opened(cast)
    pages(lead)
    making.vote(cast.study, cast.anna)
    let_age()
    pages(lead)
    run_now(Job.objects.get(kind=PROGRESS.name))
    let_age()
    for shown in pages(lead).values():
        assert "nothing has changed since" in shown.content.decode()
    assert Job.objects.filter(kind=PROGRESS.name).count() == 1


@pytest.mark.parametrize("button", ["site:count", "annotation:count-progress"])
def test_compute_now_counts_at_once(cast: Cast, lead: Client, large: None, button: str) -> None:
    making.opened(cast)
    pages(lead)
    making.vote(cast.study, cast.anna)
    assert lead.post(reverse(button, args=["chest"])).status_code == 302
    assert done(lead) == {1}
    assert not Job.objects.exists()
    with pytest.raises(NotAllowed):
        room.refresh_progress(cast.study, by=cast.anna)


def test_a_round_younger_than_the_counts_is_counted(cast: Cast, lead: Client, large: None) -> None:
    making.answered(cast.study, 4)
    open_comparison_round(study=cast.study, name="Older", by=cast.lena, limit=1)
    pages(lead)
    younger = open_comparison_round(study=cast.study, name="Younger", by=cast.lena)
    shown = pages(lead)
    counts = {row["round"]: row["counts"] for row in shown["annotation:rounds"].context["rounds"]}
    assert counts[younger] == RoundCounts(items=3, open_items=3, slots=9, done=0)
    assert {line["slots"] for line in shown["site:study"].context["rounds"]} == {3, 9}


def test_what_a_lead_does_on_the_page_is_counted_at_once(cast: Cast, lead: Client, large: None) -> None:
    making.answered(cast.study, 2)
    assert pages(lead)["annotation:rounds"].context["progress"].can_pair == 2
    lead.post(reverse("annotation:open-round", args=["chest"]), {"name": "First", "limit": "1"})
    assert pages(lead)["annotation:rounds"].context["progress"].can_pair == 1
    opened = Round.objects.get()
    lead.post(reverse("annotation:close-round", args=["chest", opened.pk]))
    assert kept_progress(cast.study)[0].rounds[str(opened.pk)].open_items == 0
