"""Who answers a training process that asks its judge, and who may be that judge."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from consilium.answers import paradigm_scores
from consilium.audit.models import AuditEvent
from consilium.inference.models import ModelEndpoint, Reply
from consilium.refusals import Refused
from curation.models import Release, ReleaseRow
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered
from training.forms import LaunchForm
from training.gba_preconditions import check_asked
from training.job.judge import ASKED, TOLD, Scores, write_private
from training.judge_desk import JudgeDesk, judge_desk
from training.launch import launch
from training.models import Run
from training.probe import start_probe

CHOSEN = {"variant": "reward", "judge": "reader"}


def reader(**fields: Any) -> ModelEndpoint:
    wanted = {"name": "reader", "base_url": "http://127.0.0.1:9/v1", "model_id": "reader", "family": "tiny"}
    return ModelEndpoint.objects.create(**wanted | fields)


def ask(out: Path, *answers: tuple[str, str]) -> None:
    out.mkdir(exist_ok=True)
    asked = [{"row": row, "text": text} for row, text in answers]
    write_private(out / ASKED, {"step": 1, "answers": asked})


def told(out: Path) -> list[Scores | None]:
    found: list[Scores | None] = json.loads((out / TOLD).read_text())["scores"]
    return found


async def by_text(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    text = body["messages"][0]["content"][-1]["text"]
    if "broken" in text:
        return web.Response(status=400)
    if "cut" in text:
        return answered('{"differential": 3}', finish_reason="length")
    if "refuses" in text:
        return answered("I do not score people's answers.")
    return answered('{"differential": 4, "intuitive": 1, "analytical": 9}')


def test_answers_are_scored_through_the_engine_and_failures_have_no_score(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    first, second = ReleaseRow.objects.filter(release=release).order_by("row_id")[:2]
    texts = ["<think>fine</think>", "broken", "cut", "refuses", "<think>fine</think>"]
    out = tmp_path / "run"
    ask(out, *[(first.row_id, text) for text in texts], (second.row_id, texts[0]))
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1

    with Stub(by_text) as stub:
        endpoint = reader(base_url=stub.url)
        desk = judge_desk(cast.study, release, "gba", CHOSEN, out)
        assert isinstance(desk, JudgeDesk)
        desk.answer(check)
        good = {"differential": 4, "intuitive": 1}
        assert told(out) == [good, None, None, None, good, good]
        sent = {body["messages"][0]["content"][-1]["text"] for body in stub.bodies}
        content = next(body["messages"][0]["content"] for body in stub.bodies)
        asked = len(stub.bodies)
        desk.answer(check)  # a resumed run asks the same once more
        assert told(out)[0] == good
        assert len(stub.bodies) == asked + 1  # only what got no reply
    assert checks > 2
    # The same answer to the same question is one request; the cut one was asked again with more room.
    assert asked == 6
    assert {first.content["question"] in text or second.content["question"] in text for text in sent} == {
        True
    }
    assert [part["type"] for part in content] == ["text", "image_url", "text"]
    assert content[0]["text"] == paradigm_scores.RUBRIC
    assert Reply.objects.filter(endpoint=endpoint, study=cast.study).count() == 5
    assert not any(first.content["answer_label"] == body.get("gold") for body in stub.bodies)


def test_a_stop_ends_the_asking(cast: Cast, release: Release, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def check() -> None:
        raise Stop

    out = tmp_path / "run"
    ask(out, (ReleaseRow.objects.filter(release=release)[0].row_id, "text"))
    desk = JudgeDesk(reader(), cast.study, release, out)
    with pytest.raises(Stop):
        desk.answer(check)
    assert not (out / TOLD).exists()


def test_no_desk_stands_where_no_judge_is_asked(cast: Cast, release: Release, tmp_path: Path) -> None:
    for stage, chosen in (("gba", {}), ("gba", {"judge": "reader"}), ("dsa", {}), ("merge", {})):
        assert judge_desk(cast.study, release, stage, chosen, tmp_path) is None


def expert_of(cast: Cast, base: ModelEndpoint) -> Run:
    expert = making.run_of(cast.study, cast.lena)
    Run.objects.filter(pk=expert.pk).update(stage="dsa", specialty=making.PEDIATRICS, base=base)
    expert.refresh_from_db()
    return expert


def _absent(cast: Cast) -> None:
    pass


def _elsewhere(cast: Cast) -> None:
    reader(study=cast.other_study)


def _put_aside(cast: Cast) -> None:
    reader(is_active=False)


def _may_not_train(cast: Cast) -> None:
    reader(outputs_may_train=False)


def _hosted(cast: Cast) -> None:
    reader(is_hosted=True)


def _not_allowed(cast: Cast) -> None:
    reader(base_url="http://models.example/v1")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (_absent, "There is no model 'reader' that this study may ask as a judge."),
        (_elsewhere, "There is no model 'reader' that this study may ask as a judge."),
        (_put_aside, "There is no model 'reader' that this study may ask as a judge."),
        (_may_not_train, "rule outputs_may_train"),
        (_hosted, "does not permit being sent to hosted models (rule may_send_to_hosted)"),
        (_not_allowed, "models.example:80 is not among the addresses this site may ask"),
    ],
)
def test_a_judge_that_may_not_be_asked_is_refused_before_anything_starts(
    cast: Cast, release: Release, made: Callable[[Cast], None], reason: str
) -> None:
    made(cast)
    base = making.base_endpoint()
    common: dict[str, Any] = {"study": cast.study, "stage": "gba", "release": release, "base": base}
    with pytest.raises(Refused, match=re.escape(reason)):
        launch(**common, inputs=[expert_of(cast, base)], by=cast.lena, settings=CHOSEN)
    with pytest.raises(Refused, match=re.escape(reason)):
        start_probe(**common, by=cast.lena, settings=CHOSEN)


def test_a_judge_that_may_be_asked_is_offered_and_taken(cast: Cast, release: Release) -> None:
    reader(revision="r2")
    reader(name="secretive", outputs_may_train=False)
    base = making.base_endpoint()
    launch(
        study=cast.study, stage="gba", release=release, base=base, by=cast.lena,
        inputs=[expert_of(cast, base)], settings=CHOSEN,
    )  # fmt: skip
    event = AuditEvent.objects.get(action="run.launched")
    assert {"judge": "reader", "judge_revision": "r2", "judge_prompt": "paradigm-scores-1"}.items() <= (
        event.data.items()
    )
    field: Any = LaunchForm(study=cast.study, stage="gba").fields["gba-judge"]
    assert field.choices[0] == ("", "none")
    assert ("reader", "reader") in field.choices
    assert "secretive" not in dict(field.choices)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", ""),
        ("gpu.example", "does not permit being sent to hosted models"),
        ("elsewhere.example", "elsewhere.example:8000 is not among the addresses this site may ask"),
        ("a/../b", "The address must look like"),
    ],
)
def test_a_server_of_rollouts_must_be_one_that_the_site_may_ask(
    cast: Cast, release: Release, settings: Any, host: str, reason: str
) -> None:
    settings.MODEL_HOSTS = ["127.0.0.1:8000", "gpu.example:8000"]
    chosen = {"rollout_engine": "vllm_server", "vllm_host": host}
    if not reason:
        check_asked(cast.study, release, "gba", chosen)
        return
    with pytest.raises(Refused, match=re.escape(reason)):
        check_asked(cast.study, release, "gba", chosen)
