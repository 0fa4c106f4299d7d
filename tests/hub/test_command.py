"""`manage.py push`: exit 0, 1 or 2, JSON or text, never a traceback."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consilium.hub.models import Push
from curation.models import Release
from tests.factories.cast import Cast
from tests.hub.loopback_hub import LoopbackHub

pytestmark = pytest.mark.django_db


def told(*words: str) -> Any:
    out = io.StringIO()
    call_command("push", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_it_pushes_and_waits(hub: LoopbackHub, token: str, release: Release) -> None:
    said = told(release.digest[:10], "clinic/chest", "--wait")
    there = hub.repository("clinic/chest")
    assert (said["state"], said["commit"]) == ("succeeded", there.head.sha)
    assert said["tag"] == f"release-{release.digest[:12]}"
    assert told(release.digest, "clinic/chest", "--wait")["repeat"] is True
    assert len(there.commits) == 2


def test_public_from_the_terminal_still_waits_for_a_second_lead(
    cast: Cast, hub: LoopbackHub, token: str, release: Release
) -> None:
    said = told(release.digest, "clinic/chest", "--public", "--gated", "--wait")
    assert (said["state"], said["commit"]) == ("waiting", "")
    push = Push.objects.get()
    assert (push.created_by, push.gated, push.job) == (cast.lena, "auto", None)
    assert hub.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0123", "clinic/x"], "8 to 64"),
        (["zzzzzzzzzz", "clinic/x"], "8 to 64"),
        (["0123456789", "clinic/x"], "no release, no model and no evaluation"),
        (["DIGEST", "clinic"], "OWNER/NAME"),
        (["DIGEST", "clinic/x", "--by", "nobody"], "no person"),
        (["DIGEST", "clinic/x", "--by", "anna"], "lead"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(token: str, release: Release, words: list[str], said: str) -> None:
    words = [release.digest if word == "DIGEST" else word for word in words]
    with pytest.raises(CommandError, match=said) as ended:
        call_command("push", *words)
    assert ended.value.returncode == 2


def test_a_push_that_does_not_work_says_why(hub: LoopbackHub, token: str, release: Release) -> None:
    hub.make("clinic/chest", private=False)
    with pytest.raises(CommandError, match="is public") as ended:
        call_command("push", release.digest, "clinic/chest", "--wait")
    assert ended.value.returncode == 2
