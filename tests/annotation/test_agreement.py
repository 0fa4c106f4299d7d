"""The figures of agreement: the same as from single votes, kept in a row, brought up to date by a job."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation import agreement as room
from annotation.agreement import AGREEMENT, agreement_of, kept_agreement
from annotation.exclusion import exclude
from annotation.models import AgreementSummary, Case, Dimension, Vote
from consilium.jobs import summaries
from consilium.jobs.claim import claim
from consilium.jobs.handle import LeaseLost
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.statistics.agreement import VotedCase, agreement
from consilium.statistics.intervals import Estimate, wilson
from curation.models import Question
from tests.factories import annotation as making
from tests.factories.cast import Cast

LETTERS = ("aaa", "aab", "bba", "bbb", "aba")
VARIED = ("accuracy", "relevance", "creativity")


def voted(cast: Cast) -> None:
    """Five cases with three votes each; some dimensions differ, some could not be judged."""
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast, questions=len(LETTERS))
    for number, letters in enumerate(LETTERS):
        for reader, (person, letter) in enumerate(zip(cast.annotators, letters, strict=True)):
            others = {name: "ab"[(number + reader + place) % 2] for place, name in enumerate(VARIED)}
            if number == 2 and reader == 1:
                others["comprehensiveness"] = "cannot_judge"
            making.vote(cast.study, person, letter, **others)


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat any number of votes as too many for a request."""
    monkeypatch.setattr(summaries, "FEW", 0)


def page(lead: Client, cast: Cast, **query: str) -> Any:
    return lead.get(reverse("annotation:agreement", args=[cast.study.slug]), query)


def press(lead: Client, cast: Cast, query: str = "") -> Any:
    return lead.post(reverse("annotation:compute-agreement", args=[cast.study.slug]) + query)


def let_age(minutes: int = 12) -> None:
    AgreementSummary.objects.update(computed_at=timezone.now() - timedelta(minutes=minutes))


def one_more_vote(cast: Cast) -> None:
    """A new version of a vote, as a reader revises it."""
    old = Vote.objects.select_related("submission").latest("pk")
    sent = old.submission
    making.send(sent.item.claims.get(person=sent.person), sent.content, base=sent.version)


def test_values_read_as_arrays_give_the_figures_of_single_votes(cast: Cast) -> None:
    voted(cast)
    figures = agreement_of(cast.study)
    cases = [
        VotedCase(
            str(case.pk),
            case.question.cluster_id,
            {name: [vote.label(name) for vote in case.votes.order_by("pk")] for name in Dimension.values},
        )
        for case in Case.objects.order_by("pk")
    ]
    assert figures.rows == agreement(cases, dimensions=Dimension.values)
    assert (figures.cases, figures.votes) == (5, 15)
    assert figures.rows[2].votes == 14
    for name, shown in zip(Dimension.values, figures.first_shown, strict=True):
        labels = [(vote.label(name), vote.shown_first) for vote in Vote.objects.all()]
        said = [label.lower() == first for label, first in labels if label]
        assert shown.share == Estimate(sum(said) / len(said), wilson(sum(said), len(said)))


def test_only_the_newest_version_of_a_vote_counts(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=24)
    making.opened(cast)
    making.vote(cast.study, cast.annotators[0], "a")
    one_more_vote(cast)
    assert (Vote.objects.count(), agreement_of(cast.study).votes) == (2, 1)


def test_kept_figures_are_those_that_were_computed(cast: Cast) -> None:
    voted(cast)
    for with_excluded in (False, True):
        figures, kept = kept_agreement(cast.study, organ_system="", with_excluded=with_excluded)
        assert kept.is_current
        assert figures == agreement_of(cast.study, with_excluded=with_excluded)
    assert AgreementSummary.objects.count() == 2


def test_a_look_at_unchanged_figures_computes_nothing(
    cast: Cast,
    lead: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    voted(cast)
    before = page(lead, cast).context["figures"]
    monkeypatch.delattr(room, "agreement_of_counts")
    with django_assert_max_num_queries(16):
        again = page(lead, cast)
    assert again.context["figures"] == before
    assert "nothing has changed since" in again.content.decode()


def test_figures_of_another_version_count_for_nothing(cast: Cast, lead: Client) -> None:
    voted(cast)
    page(lead, cast)
    AgreementSummary.objects.update(fingerprint="0-of-an-older-form", content={"unknown": 1})
    shown = page(lead, cast)
    assert (shown.status_code, shown.context["figures"].cases) == (200, len(LETTERS))
    assert AgreementSummary.objects.get().content != {"unknown": 1}


def test_few_votes_are_always_those_of_now(cast: Cast, lead: Client) -> None:
    voted(cast)
    assert page(lead, cast).context["figures"].cases == 5
    exclude(case=Case.objects.latest("pk"), reason="Blurred", by=cast.lena)
    assert page(lead, cast).context["figures"].cases == 4
    assert page(lead, cast, excluded="with").context["figures"].cases == 5
    assert Job.objects.filter(kind=AGREEMENT.name).count() == 0


def test_of_many_votes_the_first_look_starts_one_job_and_shows_it(
    cast: Cast, lead: Client, many: None
) -> None:
    voted(cast)
    for _ in range(2):
        shown = page(lead, cast)
        assert shown.context["figures"] is None
        text = shown.content.decode()
        assert "Agreement: being computed" in text
        assert "Waits for a worker" in text
        assert "No votes yet" not in text
    (job,) = Job.objects.filter(kind=AGREEMENT.name)
    assert job.created_by is None
    assert run_now(job).result == {"computed": True}
    assert page(lead, cast).context["figures"] == agreement_of(cast.study)


def test_old_figures_stay_in_sight_while_a_job_brings_newer_ones(
    cast: Cast, lead: Client, many: None
) -> None:
    making.set_up(cast.study, quiet_hours=24)
    making.opened(cast, questions=2)
    making.vote(cast.study, cast.annotators[0], "a")
    page(lead, cast)
    run_now(Job.objects.get(kind=AGREEMENT.name))
    making.vote(cast.study, cast.annotators[1], "a")
    young = page(lead, cast)
    assert (young.context["figures"].votes, young.context["kept"].job) == (1, None)
    assert "at most once a minute" in young.content.decode()
    let_age()
    old = page(lead, cast)
    assert old.context["figures"].votes == 1
    assert "Agreement as of 12\N{NO-BREAK SPACE}minutes ago" in old.content.decode()
    assert run_now(old.context["kept"].job).state == JobState.SUCCEEDED
    assert page(lead, cast).context["figures"].votes == 2


def test_a_failed_try_is_shown_and_repeated_only_when_asked(
    cast: Cast, lead: Client, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    voted(cast)
    page(lead, cast)
    Job.objects.update(state=JobState.FAILED, error="The disk is full.")
    text = page(lead, cast).content.decode()
    assert "The disk is full." in text
    assert "Not computed yet" in text
    assert Job.objects.filter(kind=AGREEMENT.name).count() == 1
    for _ in range(2):  # the second press finds the first one's job
        assert press(lead, cast).status_code == 302
    (job,) = Job.objects.filter(kind=AGREEMENT.name, state=JobState.QUEUED)
    assert job.created_by == cast.lena
    run_now(job)
    assert "nothing has changed since" in page(lead, cast).content.decode()


def test_compute_now_computes_the_shown_choice_anew(cast: Cast, lead: Client) -> None:
    voted(cast)
    page(lead, cast, excluded="with")
    AgreementSummary.objects.update(content={}, computed_at=timezone.now() - timedelta(hours=1))
    done = press(lead, cast, "?excluded=with")
    assert done["Location"].endswith("/agreement/?excluded=with")
    kept = AgreementSummary.objects.get()
    assert (kept.with_excluded, kept.content["votes"]) == (True, 15)


def test_of_two_jobs_the_second_finds_the_work_done(cast: Cast, many: None) -> None:
    voted(cast)
    key = room._key(cast.study, "", False)
    one, two = (Job.objects.create(kind=AGREEMENT.name, study=cast.study, params=key) for _ in range(2))
    assert run_now(one).result == {"computed": True}
    assert run_now(two).result == {"computed": False}


@pytest.mark.parametrize("is_first", [True, False])
def test_figures_read_earlier_never_replace_those_read_later(
    cast: Cast, many: None, is_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one job computes, a vote comes in and a second job reads, computes and stores."""
    making.set_up(cast.study, quiet_hours=24)
    making.opened(cast, questions=2)
    making.vote(cast.study, cast.annotators[0], "a")
    key = room._key(cast.study, "", False)
    jobs = [Job.objects.create(kind=AGREEMENT.name, study=cast.study, params=key) for _ in range(3)]
    if not is_first:
        run_now(jobs.pop())
        let_age()
    compute = room.agreement_of
    slow = iter([True])

    def overtaken(*arguments: Any, **choice: Any) -> Any:
        figures = compute(*arguments, **choice)
        if next(slow, False):
            making.vote(cast.study, cast.annotators[1], "a")
            assert run_now(jobs[1]).result == {"computed": True}
        return figures

    monkeypatch.setattr(room, "agreement_of", overtaken)
    assert run_now(jobs[0]).state == JobState.SUCCEEDED
    assert AgreementSummary.objects.get().content["votes"] == 2
    assert kept_agreement(cast.study, organ_system="", with_excluded=False)[1].is_current


def test_a_job_that_lost_its_lease_stores_nothing(cast: Cast, many: None) -> None:
    voted(cast)
    made = Job.objects.create(kind=AGREEMENT.name, study=cast.study, params=room._key(cast.study, "", False))
    job = claim(made.pk)

    class Lost:
        def __init__(self) -> None:
            self.job, self.params = job, made.params

        def fence(self) -> None:
            raise LeaseLost("gone")

    with pytest.raises(LeaseLost):
        room.summarise_agreement(Lost())  # type: ignore[arg-type]
    assert not AgreementSummary.objects.exists()


def test_every_choice_of_cases_has_figures_of_its_own(cast: Cast, lead: Client) -> None:
    voted(cast)
    few = Case.objects.order_by("pk")[:2].values("question")
    Question.objects.filter(pk__in=few).update(organ_system="lung")
    assert page(lead, cast).context["figures"].cases == 5
    assert page(lead, cast, organ_system="lung").context["figures"].cases == 2
    assert page(lead, cast, organ_system="heart").context["figures"].cases == 5  # no such cases: all
    assert set(AgreementSummary.objects.values_list("organ_system", flat=True)) == {"", "lung"}


def test_a_reader_can_neither_see_nor_refresh_the_figures(cast: Cast) -> None:
    voted(cast)
    reader: Person = cast.anna
    client = Client()
    client.force_login(reader)
    assert page(client, cast).status_code == 403
    assert press(client, cast).status_code == 403
    assert not AgreementSummary.objects.exists()
