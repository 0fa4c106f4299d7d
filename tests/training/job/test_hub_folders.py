"""Bases of every promised architecture, as the Hub ships them, go through a whole pipeline of the application
on requirements.txt: two experts, GBA, the best of several merges, and the scores of base and merge.
"""

import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import call_command

from benchmark.models import SolverResult
from consilium.inference.endpoints import add_endpoint
from consilium.inference.model_folders import check_model_folder
from consilium.inference.models import ModelEndpoint
from dashboard.models import Pipeline
from tests.factories import benchmark as scoring
from tests.factories import pipelines as making
from tests.factories.cast import Cast
from tests.factories.hub_folders import NAMED, write_hub_folder
from tests.training.job.application import in_this_process
from tests.training.job.in_process import SETTINGS, by_content, changes, weights
from training import run_folder
from training.job import gba
from training.job.folders import companions, files_to_pass_on
from training.models import Run

pytestmark = pytest.mark.usefixtures("frozen_heap", "_here")
QUESTIONS = 2
# One share kept and one scale, and the other methods once each.
GRID: dict[str, Any] = {"density": 1.0, "densities": [1.0], "scales": [1.0], "max_new_tokens": 2}


@pytest.fixture(scope="module")
def _here() -> Iterator[None]:
    with in_this_process():
        yield


def started(cast: Cast, base: ModelEndpoint) -> Pipeline:
    cast.study.settings_data |= {"answer_tokens_max": 16}
    cast.study.save()
    return making.started(
        cast,
        base=base,
        questions=scoring.questions(cast, QUESTIONS),
        dev_questions=scoring.questions(cast, QUESTIONS, "Dev", seed=13, split="dev"),
        settings={**SETTINGS, "merge": GRID},
    )


def told(pipeline: Pipeline) -> Any:
    """What the command prints that does every step here."""
    out = io.StringIO()
    call_command("pipeline", "show", str(pipeline.pk), "--wait", "--json", stdout=out)
    return json.loads(out.getvalue())


def check_made(run: Run, base: Path, before: dict[str, torch.Tensor]) -> None:
    """The model of a run: with the base's own files, and nothing changed but its language model."""
    made = run_folder.folder(run) / "model"
    check_model_folder(made)
    assert files_to_pass_on(made) == sorted(made.iterdir())
    for file in companions(base):
        assert (made / file.name).read_bytes() == file.read_bytes(), file.name
    after = weights(made)
    assert {value.dtype for value in after.values()} == {torch.bfloat16}
    changed = changes(before, after)
    assert changed
    assert all(".language_model.layers." in name for name in changed)


def tokens_of_prompts(endpoint: ModelEndpoint) -> list[int]:
    """Of every question that the model answered, with its picture."""
    answers = SolverResult.objects.filter(evaluation__endpoint=endpoint).select_related("reply")
    replies = [answer.reply for answer in answers.order_by("row_id")]
    assert all(reply.completion_tokens for reply in replies)
    return [reply.prompt_tokens for reply in replies]


# InternVL's processor hands a tensor to numpy.
@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.parametrize("kind", NAMED)
def test_a_folder_of_the_hub_goes_through_a_whole_pipeline(
    cast: Cast, home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_spec("torchvision") is None
    monkeypatch.setattr(gba, "format_reward", by_content)
    folder = write_hub_folder(home / "models" / kind, kind)
    pipeline = started(cast, add_endpoint(name=NAMED[kind], by=None, path=kind))
    assert told(pipeline)["state"] == "completed"
    runs = list(Run.objects.order_by("pk").select_related("produced__endpoint"))
    assert [run.stage for run in runs] == ["dsa", "dsa", "gba", "merge"]
    before = weights(folder)
    for run in runs:
        check_made(run, folder, before)
    merged = runs[-1].produced
    assert {one["method"] for one in merged.card["candidates"]} > {"base", "ties", "linear"}
    assert set(merged.card["chosen"]["scores"]) == {"adult_medicine", "pediatrics"}
    asked = tokens_of_prompts(pipeline.base)
    assert len(asked) == QUESTIONS
    assert tokens_of_prompts(merged.endpoint) == asked
