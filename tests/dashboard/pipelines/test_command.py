"""`manage.py pipeline`: what it prints, its exit codes, and refusals in one line."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from benchmark.pause import pause_evaluation
from consilium.inference.models import ModelEndpoint
from dashboard.models import Pipeline
from tests.factories import benchmark as scoring
from tests.factories import pipelines as making
from tests.factories import training
from tests.factories.cast import Cast


def pipeline(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("pipeline", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        pipeline(*arguments)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_is_started_shown_cancelled_and_resumed(cast: Cast) -> None:
    release, questions = training.trace_release(cast.study, cast.lena), scoring.questions(cast)
    base = training.base_endpoint()
    given = ["--release", release.digest[:12], "--questions", questions.digest, "--base", base.name]
    said = pipeline("start", *given, "--seed", "3", "--preset", "smoke", "--set", "gba.kl=0.5", "--by", "max")
    made = Pipeline.objects.get()
    assert (made.seeds, made.actor, made.settings["gba"]["kl"]) == ([3], cast.max, 0.5)
    assert (said["pipeline"], said["state"]) == (made.pk, "running")
    assert [step["state"] for step in said["steps"]] == ["queued"] * 2 + ["not_started"] * 2 + [
        "queued",
        "not_started",
    ]
    assert said["next"] == ("Now Expert adult medicine, Expert pediatrics, Scoring Base; then GBA.")
    assert pipeline("cancel", str(made.pk))["state"] == "cancelled"
    shown = pipeline("show", str(made.pk))
    assert shown["next"].startswith("Resume goes on with Expert adult medicine; the 0 completed")
    assert pipeline("resume", str(made.pk), "--by", "lena")["state"] == "running"
    making.go_through(made)
    assert pipeline("show", str(made.pk))["state"] == "completed"


def test_waiting_does_the_steps_here_and_a_failure_is_exit_code_1(cast: Cast, home: Any) -> None:
    made = making.started(cast)  # its base has no folder
    with pytest.raises(CommandError) as caught:
        pipeline("show", str(made.pk), "--wait")
    assert caught.value.returncode == 1
    made.refresh_from_db()
    assert made.state == "failed"
    assert made.error.startswith("Expert adult medicine failed.")


def test_waiting_ends_where_all_that_is_left_is_paused(cast: Cast) -> None:
    made = making.started(cast)
    *_, base_scored = making.at_work(made)
    assert base_scored.evaluation is not None
    pause_evaluation(evaluation=base_scored.evaluation, by=cast.max)
    making.go_through(made)
    with pytest.raises(CommandError) as caught:
        pipeline("show", str(made.pk), "--wait")
    assert caught.value.returncode == 1
    made.refresh_from_db()
    assert made.state == "running"


@pytest.mark.soak
def test_a_whole_pipeline_is_trained_and_scored_here(cast: Cast, base: ModelEndpoint) -> None:
    cast.study.settings_data |= {"answer_tokens_max": 16}
    cast.study.save()
    release, questions = training.trace_release(cast.study, cast.lena), scoring.questions(cast, count=4)
    given = ["--release", release.digest, "--questions", questions.digest, "--base", base.name]
    said = pipeline("start", *given, "--preset", "smoke", "--wait")
    assert said["state"] == "completed"
    merge = next(one for one in said["report"]["recipes"] if one["recipe"] == "merge")
    # Smoke: two experts of 4 steps of 4 rows, GBA's 2 steps of one question under 4 paradigms, twice each.
    assert (merge["optimizer_steps"], merge["sequences"]) == (10, 48)
    assert merge["seconds"] > 0


def test_bad_input_is_exit_code_2_with_a_line_for_people(cast: Cast) -> None:
    release, questions = training.trace_release(cast.study, cast.lena), scoring.questions(cast)
    base = training.base_endpoint()
    right = {"--release": release.digest, "--questions": questions.digest, "--base": base.name}
    wrong = [
        ({"--release": "abc"}, "8 to 64 hex digits"),
        ({"--questions": "0" * 12}, "There is no release"),
        ({"--dev-questions": "0" * 12}, "There is no release"),
        ({"--base": "nothing"}, "There is no model named 'nothing'"),
        ({"--base": "", "--release": ""}, "start needs --release, --base."),
        ({"--by": "nobody"}, "There is no person 'nobody'"),
        ({"--by": "nora"}, ""),
        ({"--preset": "tiny"}, "There is no preset 'tiny'"),
        ({"--set": "kl=1"}, "'kl' is no stage"),
        ({"--set": "gba.kl"}, "--set takes KEY=VALUE"),
        ({"--seed": "-1"}, "The seed must lie between"),
        ({"--gpus": "left"}, "There is no set of GPUs"),
    ]
    for changes, said in wrong:
        told = refused("start", *(f"{name}={value}" for name, value in (right | changes).items()))
        assert said in told, changes
    assert refused("start", "7") == "start makes a new pipeline and takes no number."
    assert refused("resume") == "resume needs the number of a pipeline."
    assert refused("show", "7") == "There is no pipeline 7."
    assert not Pipeline.objects.exists()
