"""`manage.py train`: what it prints, its exit codes, and refusals in one line."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from curation.models import Release
from tests.factories import training as making
from tests.factories.cast import Cast
from training.models import Run


def train(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("train", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def ground(db: None) -> ModelEndpoint:
    return making.base_endpoint()


def test_a_pipeline_is_queued_with_its_settings(cast: Cast, release: Release, ground: ModelEndpoint) -> None:
    common = ["--release", release.digest[:12], "--base", ground.name, "--by", "lena"]
    said = train("pipeline", *common, "--set", "dsa.epochs=2", "--set", "merge.method=linear", "--seed", "3")
    assert set(said["runs"].values()) == {JobState.QUEUED}
    assert len(said["runs"]) == 4
    assert [run.settings for run in Run.objects.filter(stage="dsa")] == [{"epochs": 2}] * 2
    assert Run.objects.get(stage="merge").settings == {"method": "linear"}


def test_waiting_runs_it_here_and_a_failure_is_exit_code_1(
    cast: Cast, release: Release, base: ModelEndpoint, home: Any
) -> None:
    (home / "models" / making.BASE / "config.json").unlink()
    common = ["--release", release.digest, "--base", base.name, "--specialty", making.PEDIATRICS]
    with pytest.raises(CommandError) as caught:
        train("dsa", *common, "--wait")
    assert caught.value.returncode == 1
    assert Job.objects.get().state == JobState.FAILED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--release": "abc"}, "8 to 64 hex digits"),
        ({"--release": "0" * 12}, "There is no release"),
        ({"--base": "nothing"}, "There is no model named 'nothing'"),
        ({"--by": "nobody"}, "There is no person 'nobody'"),
        ({"--by": "anna"}, ""),
        ({"--specialty": "brain_senses"}, "choose one of those"),
        ({"--set": "epochs"}, "--set takes KEY=VALUE"),
        ({"--set": "epochs=0"}, "settings.epochs: must be positive"),
        ({"--set": "kl=1"}, "settings.kl: unknown key"),
        ({"--seed": "-1"}, "The seed must lie between"),
        ({"--input": "77"}, "There is no run 77"),
    ],
)
def test_bad_input_is_exit_code_2_with_a_line_for_people(
    cast: Cast, release: Release, ground: ModelEndpoint, changes: dict[str, str], said: str
) -> None:
    given = {"--release": release.digest, "--base": ground.name, "--specialty": making.PEDIATRICS} | changes
    with pytest.raises(CommandError) as caught:
        train("dsa", *(f"{name}={value}" for name, value in given.items()))
    assert caught.value.returncode == 2
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Run.objects.exists()


def test_a_setting_for_an_unknown_stage_is_not_dropped_silently(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    with pytest.raises(CommandError, match="'epochs' is no stage"):
        train("pipeline", "--release", release.digest, "--base", ground.name, "--set", "epochs=2")
