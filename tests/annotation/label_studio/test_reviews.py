"""A host without the client, and traces that are reviewed in Label Studio."""

import pytest

from tests.annotation.label_studio.stub import LabelStudioStub
from tests.annotation.label_studio.test_exchange import counts, pull, push
from tests.annotation.label_studio.test_mapper import choice
from tests.factories import annotation as making
from tests.factories import curation as data
from tests.factories.cast import Cast


def test_a_host_without_the_sdk_says_so(connected: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from annotation.label_studio import server

    making.opened(connected)
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    job = push(connected)
    assert (job.state, job.attempt) == ("failed", 1)
    assert "no label-studio-sdk" in job.error


# --- traces ---------------------------------------------------------------------------------------------


def test_traces_go_as_step_reviews_and_come_back_as_reviews(named: Cast, stub: LabelStudioStub) -> None:
    from curation.models import Trace, TraceReview
    from curation.traces.review import open_reviews

    of = data.source(named.study)
    trace = data.trace(data.question(named.study, of, 5), data.endpoint(), "checked")
    open_reviews(study=named.study, name="Reviews 1", by=named.lena)
    assert push(named, "review").result["pushed"] == 1
    (task,) = stub.tasks
    steps = list(trace.steps.order_by("position"))
    assert [step["text"] for step in task["data"]["steps"]] == [step.original for step in steps]
    decided = [choice(f"step_{number}", "accepted") for number in range(len(steps))]
    decided[0] = choice("step_0", "rejected")
    stub.annotate(task, 2, decided)
    told = pull(named)
    assert "say why it is rejected" in told["refused"][0]["reason"]
    stub.tasks[0]["annotations"].clear()
    stub.annotate(task, 2, [*decided, choice("step_0_reason", "wrong_fact")])
    assert counts(pull(named)) == {"taken": 1}
    review = TraceReview.objects.get()
    assert review.person == named.anna
    assert [step["status"] for step in review.steps][:2] == ["rejected", "accepted"]
    assert Trace.objects.get(pk=trace.pk).state == "edited"
