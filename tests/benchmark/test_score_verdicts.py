"""Judging by scores behind a stub: odd numbers, a lost call, a second try, reading anew, and pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web
from django.test import Client
from django.urls import reverse

from benchmark.leaderboard import judge_lines
from benchmark.models import Evaluation, Verdict
from benchmark.reparse import reparse
from consilium.answers.scores import NO_NUMBER
from consilium.inference import model_server
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from curation.models import Release
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered

SCORES = {"first words of 1": "2.5", "second words of 1": "-1.0", "first words of 2": "nan"}


class Scorer:
    """The first words score higher but in case 3, where both score alike; fails where `fails` stands."""

    def __init__(self, fails: str = "\0") -> None:
        self.fails = fails

    async def __call__(self, stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        _, answer = (message["content"] for message in body["messages"])
        if self.fails in answer:
            return web.Response(status=400, text="{}")
        own = next((score for words, score in SCORES.items() if words in answer), None)
        return answered(own or ("0.25" if "of 3" in answer or "first" in answer else "-0.25"))


@contextmanager
def scoring(monkeypatch: pytest.MonkeyPatch, behave: Scorer) -> Iterator[Stub]:
    with Stub(behave) as stub:

        def score_server_address(check: Callable[[], None]) -> str:
            return stub.url

        monkeypatch.setattr(model_server, "score_server_address", score_server_address)
        monkeypatch.setattr(model_server, "model_name", lambda endpoint: endpoint.path)
        yield stub


def scorer_of(dimension: str) -> ModelEndpoint:
    return ModelEndpoint.objects.create(
        name=f"scores {dimension}", path=dimension, family="tiny", scored_dimension=dimension
    )


@pytest.fixture
def judged(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    """Case 0 and 1 for A, case 2 without a number, case 3 a tie; the readers say A everywhere."""
    with scoring(monkeypatch, Scorer()) as stub:
        (made,) = making.launched(cast, making.preferences(cast, "AAAA"), scorer_of("overall"))
        assert run_now(made.job).result == {"verdicts": 8}
        assert len(stub.bodies) == 8
        assert {body["model"] for body in stub.bodies} == {"overall"}
    made.refresh_from_db()
    return made


def stated(made: Evaluation, number: int) -> list[tuple[Any, Any, str]]:
    rows = made.verdicts.filter(row_id=f"case-{number}").order_by("order")
    return [(row.parsed, row.probabilities, row.reason) for row in rows]


def test_ties_stay_ties_and_what_is_no_number_is_invalid(judged: Evaluation) -> None:
    probability = pytest.approx(0.970688, abs=1e-6)
    assert stated(judged, 1) == [
        ({"overall": "A"}, {"overall": probability}, "scores 2.5 and -1"),
        ({"overall": "B"}, {"overall": pytest.approx(0.029312, abs=1e-6)}, "scores -1 and 2.5"),
    ]
    assert stated(judged, 2) == [({"overall": None}, None, NO_NUMBER)] * 2
    assert stated(judged, 3) == [({"overall": "tie"}, {"overall": 0.5}, "scores 0.25 and 0.25")] * 2
    (line,) = judge_lines(judged.release)
    row = line.overall
    assert (row.accuracy.value, row.invalid_rate, row.tie_rate) == (0.5, 0.25, 0.25)
    assert (row.position_consistency, row.first_position_rate) == (1.0, 0.5)
    assert line.is_ranked


def test_a_lost_score_leaves_its_case_open_and_is_asked_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scoring(monkeypatch, Scorer(fails="second words of 1.")) as stub:
        (made,) = making.launched(cast, making.preferences(cast, "AAAA"), scorer_of("overall"))
        job = run_now(made.job)
        assert (job.state, made.verdicts.count()) == (JobState.FAILED, 6)
        assert job.error.startswith("1 of 8 calls got no answer")
        stub.behave, asked = Scorer(), len(stub.bodies)
        Job.objects.filter(pk=made.job_id).update(state=JobState.QUEUED)
        assert run_now(made.job).result == {"verdicts": 8}
        assert len(stub.bodies) - asked == 1  # the other score of the case was stored


def test_scores_are_read_anew_from_both_replies(cast: Cast, judged: Evaluation) -> None:
    before = list(Verdict.objects.order_by("pk").values("parsed", "probabilities", "reason"))
    Verdict.objects.update(parsed={"overall": None}, probabilities=None, reason="")
    Job.objects.update(state=JobState.SUCCEEDED)
    told = reparse(evaluation=judged, by=cast.lena)
    assert (told.read, told.changed) == (8, 6)
    assert list(Verdict.objects.order_by("pk").values("parsed", "probabilities", "reason")) == before


def page_of(cast: Cast, name: str, *arguments: Any, **query: Any) -> str:
    client = Client()
    client.force_login(cast.lena)
    return client.get(reverse(f"benchmark:{name}", args=["chest", *arguments]), query).content.decode()


def test_pages_tell_scores_from_words(
    cast: Cast, judged: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    release: Release = judged.release
    making.judged(cast, release, making.endpoint("words"), [("A", "B")] * 4)
    with scoring(monkeypatch, Scorer()):
        (other,) = making.launched(cast, release, scorer_of("accuracy"))
        run_now(other.job)
    by_name = {line.evaluation.endpoint.name: line for line in judge_lines(release)}
    assert {name: line.is_ranked for name, line in by_name.items()} == {
        "words": True, "scores overall": True, "scores accuracy": False,
    }  # fmt: skip
    board = page_of(cast, "leaderboard")
    assert "Scores overall alone</span>" in board
    assert board.count("not scored") == 10
    assert "Scores accuracy alone, not ranked" in board
    report = page_of(cast, "report", release.pk)
    assert "Not asked about overall" in report
    assert "scores overall alone" in report
    shown = page_of(cast, "evaluation", judged.pk)
    assert shown.count("not scored") == 8 * 5
    assert "97.1 %" in shown
    assert "the score of the answer that stands first" in shown
    assert "not scored" in page_of(cast, "report-case", release.pk, "case-1")
    cases = page_of(cast, "report-cases", release.pk, judge=judged.pk, dimension="accuracy")
    assert (cases.count("not scored"), "no reply" in cases) == (8, False)
