"""Trace review: what a submission must hold, and what it does to the trace."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.jobs.models import Job
from consilium.jobs.reaper import requeue_lost
from consilium.jobs.run import run_now
from consilium.people.models import Membership, Person, Role, Study
from consilium.people.permissions import NotAllowed
from consilium.workqueue.claim import next_claim
from consilium.workqueue.kinds import InvalidContent
from consilium.workqueue.models import Round, Submission, WorkItem
from consilium.workqueue.open import open_items
from consilium.workqueue.submit import submit
from curation.models import Trace, TraceReview
from curation.states import TraceState
from curation.traces import review as review_module
from curation.traces.review import (
    NotDisputed,
    NothingToReview,
    open_reviews,
    settle_trace,
    start_reviews,
)
from curation.traces.review_schema import Step, check_review
from tests.factories import curation as making
from tests.factories.cast import Cast

ACCEPT = {"steps": {"step-1": {"status": "accepted"}, "step-2": {"status": "accepted"}}}
EDIT = {
    "steps": {"step-1": {"status": "accepted"}, "step-2": {"status": "edited", "text": "Red means option A."}}
}
REJECT = {
    "steps": {
        "step-1": {"status": "rejected", "reason": "not_in_image"},
        "step-2": {"status": "rejected", "reason": "wrong_fact"},
    }
}
STEPS = [Step("step-1", "The field is red."), Step("step-2", "Red means A.")]


def opened(cast: Cast, reviewers: int = 1) -> Trace:
    Study.objects.filter(pk=cast.study.pk).update(settings_data={"reviews_per_trace": reviewers})
    cast.study.refresh_from_db()
    question = making.question(cast.study, making.source(cast.study), 1)
    trace = making.trace(question, making.endpoint(), TraceState.CHECKED)
    open_reviews(study=cast.study, name="Round 1", by=cast.lena)
    trace.refresh_from_db()
    return trace


def review(cast: Cast, person: Person, content: dict[str, Any]) -> Submission:
    claim = next_claim(study=cast.study, person=person, kind="review")
    assert claim is not None
    return submit(
        claim_token=claim.token,
        person=person,
        content=content,
        idempotency_key=uuid.uuid4(),
        active_seconds=9,
    )


@pytest.mark.parametrize(
    ("content", "state", "texts", "statuses"),
    [
        (ACCEPT, "accepted", ["The field is red.", "Red means A."], ["accepted", "accepted"]),
        (EDIT, "edited", ["The field is red.", "Red means option A."], ["accepted", "edited"]),
        (REJECT, "rejected", ["The field is red.", "Red means A."], ["rejected", "rejected"]),
    ],
)
def test_one_review_decides_the_trace(
    cast: Cast, content: dict[str, Any], state: str, texts: list[str], statuses: list[str]
) -> None:
    trace = opened(cast)
    assert trace.state == TraceState.IN_REVIEW
    review(cast, cast.anna, content)
    trace.refresh_from_db()
    assert trace.state == state
    assert [step.text for step in trace.steps.all()] == texts
    assert [step.status for step in trace.steps.all()] == statuses
    assert [step.original for step in trace.steps.all()] == ["The field is red.", "Red means A."]
    assert TraceReview.objects.get().decision == state
    assert not WorkItem.objects.get().is_open


def test_two_reviewers_who_agree_decide_and_who_differ_dispute(cast: Cast) -> None:
    trace = opened(cast, reviewers=2)
    review(cast, cast.anna, EDIT)
    trace.refresh_from_db()
    assert trace.state == TraceState.IN_REVIEW
    review(cast, cast.ben, ACCEPT)
    trace.refresh_from_db()
    assert trace.state == TraceState.DISPUTED
    assert [step.status for step in trace.steps.all()] == ["pending", "pending"]


def test_a_senior_who_did_not_review_settles_a_dispute(cast: Cast) -> None:
    trace = opened(cast, reviewers=2)
    review(cast, cast.anna, EDIT)
    review(cast, cast.ben, ACCEPT)
    trace.refresh_from_db()
    edited = TraceReview.objects.get(decision="edited")
    with pytest.raises(NotAllowed):
        settle_trace(trace=trace, review=edited, by=cast.carla)
    settle_trace(trace=trace, review=edited, by=cast.rosa)
    trace.refresh_from_db()
    assert trace.state == TraceState.EDITED
    assert trace.steps.last().text == "Red means option A."  # type: ignore[union-attr]
    with pytest.raises(NotDisputed):
        settle_trace(trace=trace, review=edited, by=cast.lena)


def test_a_review_that_breaks_a_rule_is_refused_whole(cast: Cast) -> None:
    trace = opened(cast)
    with pytest.raises(InvalidContent):
        review(cast, cast.anna, {"steps": {"step-1": {"status": "accepted"}}})
    trace.refresh_from_db()
    assert trace.state == TraceState.IN_REVIEW
    assert not Submission.objects.exists()
    assert not TraceReview.objects.exists()


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ({}, "steps.step-1", "decide"),
        ({"steps": 4}, "steps", "one entry per step"),
        ({"steps": ACCEPT["steps"] | {"step-9": {"status": "accepted"}}}, "steps.step-9", "not a step"),
        ({"steps": {"step-1": {"status": "maybe"}, "step-2": {}}}, "steps.step-1", "decide"),
        ({"steps": ACCEPT["steps"] | {"step-2": {"status": "rejected"}}}, "steps.step-2", "say why"),
        (
            {"steps": ACCEPT["steps"] | {"step-2": {"status": "edited", "text": " "}}},
            "steps.step-2",
            "new text",
        ),
        (
            {"steps": ACCEPT["steps"] | {"step-2": {"status": "edited", "text": "Red  means A. "}}},
            "steps.step-2",
            "unchanged",
        ),
        (ACCEPT | {"decision": "edited"}, "decision", "accepted, not edited"),
        (ACCEPT | {"decision": "rejected"}, "decision", "comment"),
        (REJECT | {"decision": "accepted"}, "decision", "rejected, not accepted"),
        (ACCEPT | {"score": 5}, "score", "not a field"),
        (ACCEPT | {"comment": "x" * 3000}, "comment", "at most"),
    ],
)
def test_inconsistent_reviews_name_the_field(content: dict[str, Any], field: str, words: str) -> None:
    _, errors = check_review(content, STEPS)
    assert words in errors[field]


def test_a_whole_trace_may_be_rejected_with_a_comment_though_its_steps_stand() -> None:
    cleaned, errors = check_review(ACCEPT | {"decision": "rejected", "comment": "Wrong image."}, STEPS)
    assert (cleaned["decision"], errors) == ("rejected", {})


def test_text_of_an_accepted_step_is_not_kept() -> None:
    sent = {
        "steps": {
            "step-1": {"status": "accepted", "text": "x"},
            "step-2": {"status": "accepted", "reason": ""},
        }
    }
    cleaned, errors = check_review(sent, STEPS)
    assert (cleaned["steps"]["step-1"], errors) == ({"status": "accepted"}, {})


def test_opening_reviews_needs_a_lead_and_checked_traces(cast: Cast) -> None:
    with pytest.raises(NothingToReview):
        open_reviews(study=cast.study, name="Empty", by=cast.lena)
    with pytest.raises(NotAllowed):
        open_reviews(study=cast.study, name="No", by=cast.anna)


class Killed(BaseException):
    """Ends the process: nothing catches it."""


def waiting_traces(cast: Cast, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_module, "PART", 2)
    of, teacher = making.source(cast.study), making.endpoint()
    for seed in range(number):
        making.trace(making.question(cast.study, of, seed), teacher, TraceState.CHECKED)


def test_many_traces_are_opened_by_a_job_that_goes_on_after_a_kill(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_traces(cast, 5, monkeypatch)
    job = start_reviews(study=cast.study, name="Large", by=cast.lena)
    assert isinstance(job, Job)
    calls = 0

    def dies(**what: Any) -> Round:
        nonlocal calls
        calls += 1
        done = open_items(**what)
        if calls == 2:
            raise Killed
        return done

    with monkeypatch.context() as patched:
        patched.setattr(review_module, "open_items", dies)
        with pytest.raises(Killed):
            run_now(job)
    assert WorkItem.objects.count() == Trace.objects.filter(state=TraceState.IN_REVIEW).count() == 2
    later = making.trace(
        making.question(cast.study, making.source(cast.study, "Later"), 99), making.endpoint(), "checked"
    )
    Job.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    requeue_lost()
    done = run_now(job)
    assert (done.state, done.result) == ("succeeded", {"traces": 5})
    assert Round.objects.get().items.count() == 5
    assert AuditEvent.objects.filter(action="trace.in_review").count() == 5
    assert list(Trace.objects.filter(state=TraceState.CHECKED)) == [later]


def test_a_job_of_somebody_who_leads_no_more_opens_no_review(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_traces(cast, 3, monkeypatch)
    with pytest.raises(NotAllowed):
        start_reviews(study=cast.study, name="No", by=cast.rosa)
    job = start_reviews(study=cast.study, name="Large", by=cast.lena)
    assert isinstance(job, Job)
    Membership.objects.filter(study=cast.study, person=cast.lena).update(role=Role.ANNOTATOR)
    assert run_now(job).state == "failed"
    assert not WorkItem.objects.exists()


def test_opening_reviews_costs_the_same_queries_for_few_and_for_many(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    waiting_traces(cast, 42, monkeypatch)
    monkeypatch.setattr(review_module, "PART", 40)
    for number in (2, 40):
        with django_assert_max_num_queries(30):
            open_reviews(study=cast.study, name=f"Of {number}", by=cast.lena, limit=number)
    assert not Trace.objects.filter(state=TraceState.CHECKED).exists()
