"""A judge of open answers decides beside token recall: counted apart, resumed, read anew, or refused."""

from io import StringIO
from typing import Any

import pytest
from aiohttp import web
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmark.estimate import ScoringEstimate, estimate_scoring
from benchmark.launch import evaluate
from benchmark.models import Evaluation
from benchmark.reparse import reparse
from benchmark.rerun_check import check_rerun, differing
from benchmark.scoring_pace import failures_so_far
from consilium.answers import reference_verdict
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.models import Release
from tests.benchmark.test_commands import manage
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered

REFERENCE = "right lower lobe"
# What the solver answers, and what the judge says of it; an empty answer is asked of nobody.
ANSWERS = ("RLL", "the lower lobe", "pneumothorax", "")
DECISIONS = ("correct", "hard to say", "incorrect", "")


@pytest.fixture
def open_release(cast: Cast) -> Release:
    return making.questions(cast, 4, "Open", seed=71, options={}, answer_label="", answer=REFERENCE)


class Models:
    """The solver and the judge on one server; `fails`: of which answer the judge's call fails."""

    def __init__(self, fails: str = "\0") -> None:
        self.fails, self.judged = fails, list[str]()
        self._answers = iter(ANSWERS)

    async def __call__(self, stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        text = body["messages"][0]["content"][-1]["text"]
        if body["model"] == "solver":
            return answered(f"<answer>{next(self._answers)}</answer>")
        answer = text.split("[The Start of Answer]\n")[1].split("\n[")[0]
        self.judged.append(answer)
        if answer == self.fails:
            return web.Response(status=400, text="{}")
        return answered(f"<answer>{DECISIONS[ANSWERS.index(answer)]}</answer>")


def scored(cast: Cast, release: Release, stub: Stub) -> Evaluation:
    """The launch of the solver with the judge, both on the stub, run once."""
    solver = making.endpoint("solver", model_id="solver", base_url=stub.url)
    judge = making.endpoint("judge", model_id="judge", base_url=stub.url, revision="r7")
    (made,) = evaluate(
        study=cast.study, kind="solver", release=release, endpoints=[solver], by=cast.lena, open_judge=judge
    )
    run_now(made.job)
    made.refresh_from_db()
    return made


def test_decisions_stand_beside_recall_and_name_prompt_and_parser(cast: Cast, open_release: Release) -> None:
    with Stub(Models()) as stub:
        made = scored(cast, open_release, stub)
    assert made.job.state == JobState.SUCCEEDED, made.job.error
    stored = {one.answer: (one.judged, one.judged_in_words) for one in made.solver_results.all()}
    assert stored == {
        "RLL": (True, "right"), "the lower lobe": (None, "undecided"),
        "pneumothorax": (False, "wrong"), "": (None, ""),
    }  # fmt: skip
    card = made.run_card
    assert card["open_answers_judged"] == {
        "by": "judge", "revision": "r7", "right": 1, "wrong": 2, "undecided": 1, "percent_right": 33.3,
        "prompt": reference_verdict.PROMPT_HASH, "parser": reference_verdict.PARSER_VERSION,
    }  # fmt: skip
    assert card["figures"] == {"open": {"asked": 4, "token_recall": pytest.approx(2 / 3 / 4)}}
    assert (made.expected_calls, made.job.progress_done, card["answers"]) == (4, 4, 4)
    assert failures_so_far(made).wrong_format == 1  # the empty one: an open answer has no letter
    client = Client()
    client.force_login(cast.lena)
    page = client.get(reverse("benchmark:evaluation", args=[cast.study.slug, made.pk])).content.decode()
    assert [page.count(f"{word}, says the judge") for word in ("Right", "Wrong", "Undecided")] == [1, 1, 1]
    assert "by judge, revision r7, right 1, wrong 2, undecided 1" in page


def test_a_call_to_the_judge_that_fails_is_told_and_only_it_is_asked_again(
    cast: Cast, open_release: Release
) -> None:
    models = Models(fails="RLL")
    with Stub(models) as stub:
        made = scored(cast, open_release, stub)
        assert made.job.state == JobState.FAILED
        assert "1 of 3 calls got no answer" in made.job.error
        assert "calls to the judge of open answers" in made.job.error
        models.fails, models.judged = "\0", []
        type(made.job).objects.filter(pk=made.job_id).update(state=JobState.QUEUED)
        assert run_now(made.job).state == JobState.SUCCEEDED
    assert models.judged == ["RLL"]


def test_decisions_are_read_anew_and_go_with_an_answer_that_changed(
    cast: Cast, open_release: Release
) -> None:
    with Stub(Models()) as stub:
        made = scored(cast, open_release, stub)
    made.solver_results.filter(answer="RLL").update(judged=None)
    made.solver_results.filter(answer="pneumothorax").update(answer="read otherwise")
    assert reparse(evaluation=made, by=cast.lena).changed == 2
    after = {one.answer: (one.judged, one.judge_reply is not None) for one in made.solver_results.all()}
    assert (after["RLL"], after["pneumothorax"]) == ((True, True), (None, False))
    made.refresh_from_db()
    assert made.run_card["open_answers_judged"]["wrong"] == 1


def test_page_and_command_launch_with_the_judge_that_was_chosen(cast: Cast, open_release: Release) -> None:
    solver, judge = making.endpoint("solver"), making.endpoint("judge")
    client = Client()
    client.force_login(cast.lena)
    place = reverse("benchmark:launch", args=[cast.study.slug, "solver"])
    assert "Judge of open answers" in client.get(place).content.decode()
    asked: dict[str, Any] = {"release": open_release.pk, "endpoints": [solver.pk], "open_judge": judge.pk}
    assert client.post(place, asked | {"open_judge": solver.pk}).status_code == 200
    assert not Evaluation.objects.exists()
    assert client.post(place, asked).status_code == 302
    (by_page,) = Evaluation.objects.all()
    making.over(by_page)
    named = {"release": open_release.digest, "endpoint": ["solver"], "by": "lena"}
    call_command("solve", **named, open_judge="judge", stdout=StringIO())
    by_command = Evaluation.objects.exclude(pk=by_page.pk).get()
    for made in (by_page, by_command):
        assert (made.endpoint, made.open_judge) == (solver, judge)
        assert made.settings["open_judge"]["prompt_sha256"] == reference_verdict.PROMPT_HASH


def test_an_estimate_holds_the_calls_to_the_judge(cast: Cast, open_release: Release) -> None:
    def judged_by(judge: ModelEndpoint, *solvers: ModelEndpoint) -> ScoringEstimate:
        *_, deciding = estimate_scoring(
            study=cast.study, kind="solver", release=open_release, endpoints=solvers, by=cast.lena,
            open_judge=judge,
        )  # fmt: skip
        assert (deciding.endpoint, deciding.decides) == (judge, True)
        return deciding

    solver, judge = making.endpoint("other solver"), making.endpoint("other judge")
    new = judged_by(judge, solver, making.endpoint("third solver"))
    assert (new.calls, new.stored, new.counted, new.seconds) == (8, 0, 0, None)
    assert 8 * 150 < new.prompt_tokens < 8 * 400  # rubric and blocks are about 1,000 characters, and no image
    with Stub(Models()) as stub:
        made = scored(cast, open_release, stub)
    assert made.open_judge is not None
    known = judged_by(made.open_judge, made.endpoint)
    assert (known.calls, known.stored, known.timed) == (1, 3, 3)  # what is empty was not asked
    asked = ("--release", open_release.digest, "--endpoint", "solver", "--open-judge", "judge")
    lines = manage("solve", *asked, "--estimate")["estimates"]
    assert [(one["model"], one["variant"], one["calls"]) for one in lines] == [
        ("solver", "standard", 0), ("judge", "open_judge", 1),
    ]  # fmt: skip
    client = Client()
    client.force_login(cast.lena)
    chosen: dict[str, Any] = {"release": open_release.pk, "endpoints": [solver.pk], "open_judge": judge.pk}
    page = client.get(reverse("benchmark:estimate", args=[cast.study.slug, "solver"]), chosen)
    assert "judge of open answers" in page.content.decode()


def test_an_exact_re_run_check_builds_the_judges_requests_too(cast: Cast, open_release: Release) -> None:
    with Stub(Models()) as stub:
        made = scored(cast, open_release, stub)

    def differing_now() -> list[str]:
        return differing(check_rerun(Evaluation.objects.get(pk=made.pk)))

    assert differing_now() == []
    parts = {one.name: one for one in check_rerun(made)}
    assert (parts["requests"].said, parts["prompt of open answers"].outcome) == ("All 7.", "same")
    made.solver_results.filter(judged=True).update(judged=False)
    assert differing_now() == ["replies", "figures"]
    ModelEndpoint.objects.filter(name="judge").update(revision="r8")
    assert differing_now() == ["model of open answers", "requests", "replies", "figures"]
    differs = {one.name: one.said for one in check_rerun(Evaluation.objects.get(pk=made.pk))}
    assert differs["requests"] == "3 of 7 would be asked otherwise, the first: the decision on held-0."


@pytest.mark.parametrize(
    ("who", "release", "why"),
    [
        ("solver", "open", "would decide on its own answers"),
        ("local", "open", "needs a worker's GPU"),
        ("scores", "open", "gives scores"),
        ("judge", "choices", "holds no open question"),
        ("judge", "preferences", "Only answers of solvers"),
    ],
)
def test_a_judge_that_cannot_decide_is_refused(
    cast: Cast, open_release: Release, who: str, release: str, why: str
) -> None:
    solver = making.endpoint("solver")
    judges = {
        "solver": solver,
        "judge": making.endpoint("judge"),
        "local": making.endpoint("local", base_url="", path="a"),
        "scores": making.endpoint("scores", base_url="", path="b", scored_dimension="overall"),
    }
    of_kind = {"open": open_release}
    if release == "choices":
        of_kind[release] = making.questions(cast, 2, "Choices", seed=9)
    if release == "preferences":
        of_kind[release] = making.preferences(cast)
    with pytest.raises(Refused, match=why):
        evaluate(
            study=cast.study,
            kind="judge" if release == "preferences" else "solver",
            release=of_kind[release],
            endpoints=[solver],
            by=cast.lena,
            open_judge=judges[who],
        )
    assert not Evaluation.objects.exists()
