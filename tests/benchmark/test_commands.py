"""`manage.py judge` and `manage.py solve`: what they print, their exit codes, and refusals in one line."""

import io
import json
from typing import Any

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command

from benchmark.models import Evaluation
from consilium.jobs.states import JobState
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered


def manage(name: str, *arguments: str) -> Any:
    out = io.StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


async def nothing_to_say(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return answered("<answer>A</answer>")


async def refuse(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.Response(status=400, text="{}")


def test_judges_are_queued_in_the_name_of_the_first_lead(cast: Cast) -> None:
    release = making.preferences(cast)
    making.endpoint("one")
    making.endpoint("two")
    said = manage("judge", "--release", release.digest[:10], "--endpoint", "one", "--endpoint", "two")
    assert said["evaluations"] == {"one": JobState.QUEUED, "two": JobState.QUEUED}
    assert set(said["numbers"].values()) == set(Evaluation.objects.values_list("pk", flat=True))
    assert {made.created_by for made in Evaluation.objects.all()} == {cast.lena}


def test_waiting_scores_here(cast: Cast) -> None:
    release = making.questions(cast, 3)
    with Stub(nothing_to_say) as stub:
        making.endpoint("solver", base_url=stub.url)
        said = manage("solve", "--release", release.digest, "--endpoint", "solver", "--wait")
    assert said["evaluations"] == {"solver": JobState.SUCCEEDED}


def test_an_incomplete_evaluation_is_exit_code_1(cast: Cast) -> None:
    release = making.preferences(cast)
    with Stub(refuse) as stub:
        making.endpoint("silent", base_url=stub.url)
        with pytest.raises(CommandError) as caught:
            manage("judge", "--release", release.digest, "--endpoint", "silent", "--wait")
    assert caught.value.returncode == 1
    assert Evaluation.objects.get().job.state == JobState.FAILED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--release": "zz"}, "8 to 64 hex digits"),
        ({"--release": "0" * 8}, "There is no release"),
        ({"--endpoint": "nothing"}, "There is no model named 'nothing'"),
        ({"--by": "nobody"}, "There is no person 'nobody'"),
        ({"--by": "anna"}, ""),
    ],
)
@pytest.mark.parametrize("command", ["judge", "solve"])
def test_bad_input_is_exit_code_2_with_a_line_for_people(
    cast: Cast, command: str, changes: dict[str, str], said: str
) -> None:
    release = making.preferences(cast) if command == "judge" else making.questions(cast)
    making.endpoint("model")
    given = {"--release": release.digest, "--endpoint": "model"} | changes
    with pytest.raises(CommandError) as caught:
        manage(command, *(f"{name}={value}" for name, value in given.items()))
    assert caught.value.returncode == 2
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Evaluation.objects.exists()


def test_the_wrong_kind_of_release_is_refused(cast: Cast) -> None:
    making.endpoint("model")
    release = making.preferences(cast)
    with pytest.raises(CommandError, match="A solver is scored on a held-out question release"):
        manage("solve", "--release", release.digest, "--endpoint", "model")
