"""Rounds that are opened in parts: kills in between, two leads at once, pages, and what a part costs."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation import pairing
from annotation.models import Case
from annotation.pairing import NothingToPair, open_comparison_round, start_comparison_round
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.jobs.claim import claim
from consilium.jobs.models import Job
from consilium.jobs.reaper import requeue_lost
from consilium.jobs.run import run_claimed, run_now
from consilium.people.models import Membership, Role
from consilium.people.permissions import NotAllowed
from consilium.workqueue.models import Round, WorkItem
from consilium.workqueue.open import close_round, open_items
from tests.factories import annotation as making
from tests.factories.cast import Cast


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "PART", 3)


class Killed(BaseException):
    """Ends the process: nothing catches it."""


def started(cast: Cast, questions: int = 8, **more: Any) -> tuple[Round, Job]:
    making.answered(cast.study, questions)
    opened, job = start_comparison_round(study=cast.study, name="Large", by=cast.lena, **more)
    assert job is not None
    return opened, job


def pairs() -> list[tuple[int, int, int]]:
    return list(Case.objects.order_by("pk").values_list("question_id", "response_a_id", "response_b_id"))


def assert_whole(opened: Round, cases: int) -> None:
    """Each question once, each case open and on the queue, each step in the record."""
    found = Case.objects.filter(round=opened)
    assert found.count() == cases == len(set(found.values_list("question_id", flat=True)))
    assert set(found.values_list("state", flat=True)) == {CaseState.OPEN}
    items = WorkItem.objects.filter(round=opened, is_open=True)
    assert set(items.values_list("object_id", flat=True)) == set(found.values_list("pk", flat=True))
    for action in ("case.paired", "case.open"):
        told = AuditEvent.objects.filter(action=action).values_list("object_id", flat=True)
        assert Counter(told) == Counter(str(pk) for pk in Case.objects.values_list("pk", flat=True))
    assert verify_chains()[1] == []


def die_in_part(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The process is killed when this part has put its items on the queue, before it commits."""
    calls = 0

    def opens(**what: Any) -> Round:
        nonlocal calls
        calls += 1
        done = open_items(**what)
        if calls == number:
            raise Killed
        return done

    monkeypatch.setattr(pairing, "open_items", opens)


def lose_worker(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    requeue_lost()


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_killed_job_goes_on_and_ends_as_if_nothing_had_happened(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    opened, job = started(cast)
    with monkeypatch.context() as patched:
        die_in_part(patched, part)
        with pytest.raises(Killed):
            run_now(job)
    assert Case.objects.count() == 3 * (part - 1)
    lose_worker(job)
    done = run_now(job)
    assert (done.state, done.result) == ("succeeded", {"cases": 8})
    assert_whole(opened, 8)
    leads = Counter(a < b for _, a, b in pairs())
    assert abs(leads[True] - leads[False]) <= 1


def test_a_killed_job_pairs_the_same_answers_as_one_that_was_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, job = started(cast)
    run_now(job)
    whole = pairs()
    with monkeypatch.context() as patched:
        for model in (WorkItem, Case):
            model.objects.all().delete()
        die_in_part(patched, 2)
        again = run_of(job)
        with pytest.raises(Killed):
            run_now(again)
    lose_worker(again)
    run_now(again)
    assert pairs() == whole
    assert opened.cases.count() == 8


def run_of(job: Job) -> Job:
    """The same job once more."""
    return Job.objects.create(
        kind=job.kind, queue=job.queue, study=job.study, params=job.params, created_by=job.created_by
    )


def test_another_leads_round_between_two_parts_takes_no_question_twice(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, job = started(cast)
    part = pairing._pair_part
    others: list[str] = []

    def interrupted(*args: Any, **kwargs: Any) -> list[Case]:
        if Case.objects.exists() and not others:
            others.append("Max")
            open_comparison_round(study=cast.study, name="Of Max", by=cast.max, limit=4)
        return part(*args, **kwargs)

    monkeypatch.setattr(pairing, "_pair_part", interrupted)
    done = run_now(job)
    assert (done.state, done.result) == ("succeeded", {"cases": 4})
    assert_whole(opened, 4)
    assert_whole(Round.objects.get(name="Of Max"), 4)


def test_a_round_that_finds_nothing_left_is_closed_and_says_so(cast: Cast) -> None:
    opened, job = started(cast)
    open_comparison_round(study=cast.study, name="Faster", by=cast.max)
    done = run_now(job)
    assert (done.state, "ask models for answers" in done.error) == ("failed", True)
    opened.refresh_from_db()
    assert opened.closed_at is not None
    assert Case.objects.count() == 8


def test_a_round_closed_meanwhile_gets_no_more_cases(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, job = started(cast)
    with monkeypatch.context() as patched:
        die_in_part(patched, 2)
        with pytest.raises(Killed):
            run_now(job)
    close_round(work_round=opened, by=cast.lena)
    lose_worker(job)
    done = run_now(job)
    assert (done.state, done.result) == ("succeeded", {"cases": 3})
    assert opened.cases.count() == 3
    assert not opened.items.filter(is_open=True).exists()


def test_the_name_is_taken_before_the_job_has_begun(cast: Cast) -> None:
    started(cast)
    with pytest.raises(pairing.RoundNameTaken):
        start_comparison_round(study=cast.study, name="Large", by=cast.max)
    assert Round.objects.count() == 1


def test_who_leads_no_more_opens_nothing(cast: Cast) -> None:
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            start_comparison_round(study=cast.study, name="No", by=person)
    _, job = started(cast)
    Membership.objects.filter(study=cast.study, person=cast.lena).update(role=Role.ANNOTATOR)
    assert run_now(job).state == "failed"
    assert not Case.objects.exists()


def test_nothing_to_pair_takes_no_name(cast: Cast) -> None:
    for open_one in (open_comparison_round, start_comparison_round):
        with pytest.raises(NothingToPair):
            open_one(study=cast.study, name="Empty", by=cast.lena)
    assert not Round.objects.exists()


def test_a_limit_and_what_is_answered_later_are_kept_to(cast: Cast) -> None:
    opened, job = started(cast, limit=5)
    run_now(job)
    assert_whole(opened, 5)
    assert [AuditEvent.objects.filter(action=f"round.{what}").count() for what in ("reserved", "opened")] == [
        1,
        2,
    ]


def test_a_part_costs_the_same_queries_whatever_its_size(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    making.answered(cast.study, 70)
    for size in (4, 60):
        monkeypatch.setattr(pairing, "PART", size)
        with django_assert_max_num_queries(45):
            open_comparison_round(study=cast.study, name=f"Of {size}", by=cast.lena, limit=size)


def test_the_page_shows_the_job_and_counts_without_reading_answers(
    cast: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    making.answered(cast.study, 8)
    client = Client()
    client.force_login(cast.lena)
    address = reverse("annotation:rounds", args=["chest"])
    assert client.get(address).context["progress"].can_pair == 8
    sent = client.post(reverse("annotation:open-round", args=["chest"]), {"name": "Large", "limit": ""})
    assert (sent.status_code, Case.objects.count()) == (302, 0)
    shown = client.get(address).content.decode()
    assert "Opening a round" in shown
    assert "Close this round?" in shown
    assert "Complete" not in shown
    with django_assert_max_num_queries(30) as asked:
        client.get(address)
    assert not [
        query["sql"] for query in asked.captured_queries if '"annotation_response"."text"' in query["sql"]
    ]
    run_now(Job.objects.get())
    assert "Opening a round" not in client.get(address).content.decode()
    assert_whole(Round.objects.get(), 8)


def test_a_worker_that_lost_the_job_stores_no_further_part(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, job = started(cast)
    draw, drawn = pairing._draw, 0

    def slow(*args: Any) -> list[Case]:
        nonlocal drawn
        drawn += 1
        return draw(*args)

    part = pairing._pair_part

    def lost(*args: Any, **kwargs: Any) -> list[Case]:
        if drawn:  # another worker has the job by now
            Job.objects.filter(pk=job.pk).update(claim_token=uuid4())
        return part(*args, **kwargs)

    monkeypatch.setattr(pairing, "_draw", slow)
    monkeypatch.setattr(pairing, "_pair_part", lost)
    run_claimed(claimed(job))
    assert (drawn, opened.cases.count()) == (1, 3)


def claimed(job: Job) -> Job:
    found = claim(job.pk)
    assert found is not None
    return found
