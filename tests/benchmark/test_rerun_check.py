"""The run card says what figures were made from; the check says what would differ, and asks no model."""

import io
import json
from typing import Any

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from benchmark import rerun_check
from benchmark.leaderboard import judge_lines
from benchmark.models import Evaluation, Verdict
from benchmark.preconditions import EvaluationRefused
from benchmark.reparse import reparse
from benchmark.rerun_check import check_rerun, differing, start_rerun_check
from consilium.answers import judge_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from consilium.statistics.json_form import as_json
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered

PARTS = ["release", "prompt", "parser", "model", "requests", "replies", "figures", "code"]


async def first_answer(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """A judge of the answer that stands first; a solver of A. One reply in two is cut and asked for again."""
    if len(stub.bodies) == 1:
        return answered('{"overall": "A', finish_reason="length")
    letters = json.dumps(dict.fromkeys(DIMENSIONS, "A"))
    return answered(f"<think>Seen.</think><answer>A</answer>{letters}")


def scored(cast: Cast, kind: str = "judge") -> Evaluation:
    """As a worker scores, against a model on loopback."""
    release = making.preferences(cast) if kind == "judge" else making.questions(cast, 3)
    with Stub(first_answer) as stub:
        endpoint = making.endpoint(kind, base_url=stub.url, revision="r1")
        (made,) = making.launched(cast, release, endpoint)
        assert run_now(made.job).state == "succeeded"
    return stored(made)


def stored(evaluation: Evaluation) -> Evaluation:
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    return related.get(pk=evaluation.pk)


def outcomes(evaluation: Evaluation) -> dict[str, str]:
    return {part.name: part.outcome for part in check_rerun(stored(evaluation))}


def test_a_card_says_what_an_evaluation_was_made_from(cast: Cast) -> None:
    made = scored(cast)
    card = made.run_card
    assert (card["release"], card["endpoint"], card["revision"]) == (made.release.digest, "judge", "r1")
    assert card["model_id"] == "judge"
    assert card["server"] == {"kind": "remote", "address": made.endpoint.base_url}
    assert (card["prompt_sha256"], card["parser_version"]) == made.method
    assert (card["sampling"], card["max_tokens_when_cut"]) == ({"temperature": 0, "max_tokens": 512}, 1024)
    assert card["orders"] == ["ab", "ba"]
    assert "full size" in card["image_limits"]
    assert card["code_commit"]
    assert card["hardware"]["cores"] >= 1
    assert card["launched"] <= card["started"] <= card["finished"]
    assert (card["answers"], card["expected_answers"]) == (8, 8)
    (line,) = judge_lines(made.release)
    assert card["figures"] == {row.dimension: as_json(row) for row in line.rows}
    overall = card["figures"]["overall"]
    assert (overall["cases"], overall["accuracy"]["value"], overall["reference"]) == (4, 0.5, 0.75)


@pytest.mark.parametrize("kind", ["judge", "solver"])
def test_nothing_differs_right_after(cast: Cast, kind: str) -> None:
    made = scored(cast, kind)
    parts = check_rerun(made)
    assert [part.name for part in parts] == PARTS
    assert {part.outcome for part in parts} == {"same"}
    assert differing(parts) == []


def test_what_differs_is_named(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scored(cast)
    same = dict.fromkeys(PARTS, "same")

    with monkeypatch.context() as patch:
        patch.setattr(rerun_check, "method_now", lambda *_: ("0" * 64, "verdicts-99"))
        patch.setattr(judge_prompt, "ASK", "Which one?")
        told = check_rerun(made)
        assert differing(told) == ["prompt", "parser", "requests"]
        assert told[4].said == "8 of 8 would be asked otherwise, the first: case-0 A then B."

    with monkeypatch.context() as patch:
        patch.setattr(rerun_check, "code_commit", lambda: "another")
        told = check_rerun(made)
        assert (told[-1].outcome, differing(told)) == ("differs", [])

    with monkeypatch.context() as patch:
        patch.setattr(rerun_check, "verify", lambda release: ["Row case-1 is not what it was."])
        told = check_rerun(made)
        assert (told[0].outcome, told[0].said) == ("differs", "Row case-1 is not what it was.")
        assert [part.outcome for part in told[4:6]] == ["unknown", "unknown"]

    ModelEndpoint.objects.update(revision="r2")
    assert outcomes(made) == same | {"model": "differs", "requests": "differs"}
    ModelEndpoint.objects.update(revision="r1")

    first = Verdict.objects.order_by("pk")[0]
    Verdict.objects.filter(pk=first.pk).update(parsed={"overall": "B"})
    assert outcomes(made) == same | {"replies": "differs", "figures": "differs"}
    reparse(evaluation=made, by=cast.lena)  # the card then says what the new reading gives
    assert outcomes(made) == same


def test_a_card_of_an_earlier_version_leaves_parts_unknown(cast: Cast) -> None:
    made = scored(cast)
    Evaluation.objects.update(run_card={"release": made.release.digest, "revision": "r1"})
    told = outcomes(made)
    assert (told["figures"], told["code"], told["model"], told["requests"]) == (
        "unknown", "unknown", "same", "same",
    )  # fmt: skip


def test_by_page_and_by_command(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scored(cast)
    client = Client()
    client.force_login(cast.lena)
    address = [made.study.slug, made.pk]
    card = client.get(reverse("benchmark:run-card", args=address))
    assert json.loads(card.content) == made.run_card
    assert card["Content-Disposition"] == f'attachment; filename="chest-evaluation-{made.pk}.json"'
    assert client.post(reverse("benchmark:recheck", args=address)).status_code == 302
    job = rerun_check.newest_rerun_check(made)
    assert job is not None
    assert start_rerun_check(evaluation=made, by=cast.lena).pk == job.pk  # the one that is on its way
    assert run_now(job).result["differing"] == []
    page = client.get(reverse("benchmark:evaluation", args=address)).content.decode()
    assert "Nothing differs" in page
    assert "All 8." in page
    assert "A then B, B then A" in page
    monkeypatch.setattr(rerun_check, "method_now", lambda *_: ("0" * 64, made.parser_version))
    client.post(reverse("benchmark:recheck", args=address))
    newer = rerun_check.newest_rerun_check(made)
    assert newer is not None
    run_now(newer)
    page = client.get(reverse("benchmark:evaluation", args=address)).content.decode()
    assert "Not as on the run card: prompt." in page
    out = io.StringIO()
    with pytest.raises((CommandError, SystemExit)):
        call_command("recheck", made.release.digest, "--endpoint", "judge", "--json", stdout=out)
    (told,) = json.loads(out.getvalue())["evaluations"]
    assert (told["differing"], told["parts"]["requests"]["outcome"]) == (["prompt"], "same")


def test_what_cannot_be_checked_is_refused(cast: Cast) -> None:
    (made,) = making.launched(cast, making.preferences(cast), making.endpoint("judge"))
    with pytest.raises(EvaluationRefused, match="still being asked"):
        check_rerun(made)
    with pytest.raises(EvaluationRefused, match="still being asked"):
        start_rerun_check(evaluation=made, by=cast.lena)
    with pytest.raises(NotAllowed):
        start_rerun_check(evaluation=made, by=cast.anna)
    with pytest.raises(CommandError, match="no evaluation of other"):
        call_command("recheck", made.release.digest, "--endpoint", "other", stdout=io.StringIO())
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:run-card", args=[made.study.slug, made.pk])
    assert client.get(address).status_code == 404
