"""Several models, controls and repeats in one launch: one page, one pause, one stop."""

from uuid import uuid4

import pytest
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse

from benchmark.batches import find_batch, give_up_batch, pause_batch, resume_batch, unfinished_batches
from benchmark.models import Evaluation
from benchmark.preconditions import EvaluationRefused
from benchmark.variants import plan_variants
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from tests.benchmark.test_commands import manage
from tests.benchmark.test_evaluations import Judge
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub


def states(cast: Cast, made: Evaluation) -> dict[str, int]:
    found = find_batch(cast.study, made.batch)
    assert found is not None
    return found.states()


def test_a_launch_is_followed_paused_resumed_and_stopped_as_one_thing(cast: Cast) -> None:
    release = making.preferences(cast)
    with Stub(Judge()) as stub:
        judges = [making.endpoint(name, base_url=stub.url) for name in ("one", "two")]
        made = making.launched(cast, release, *judges, variants=plan_variants(image_blind=True))
        assert len({one.batch for one in made}) == 1
        (other,) = making.launched(cast, release, making.endpoint("other"))
        run_now(made[0].job)
        batch = find_batch(cast.study, made[0].batch)
        assert batch is not None
        assert (len(batch.evaluations), batch.answered, batch.expected, batch.is_live) == (4, 8, 32, True)
        assert [one.key for one in unfinished_batches(cast.study)] == [other.batch, made[0].batch]
        assert unfinished_batches(cast.other_study) == []
        assert find_batch(cast.other_study, made[0].batch) is None
        with pytest.raises(NotAllowed):
            pause_batch(batch=batch, by=cast.anna)
        assert pause_batch(batch=batch, by=cast.lena) == 3
        assert states(cast, made[0]) == {"succeeded": 1, "paused": 3}
        again = find_batch(cast.study, made[0].batch)
        assert again is not None
        with pytest.raises(EvaluationRefused, match="Nothing of this launch"):
            pause_batch(batch=again, by=cast.lena)
        assert resume_batch(batch=again, by=cast.lena) == 3
        for one in Evaluation.objects.filter(batch=made[0].batch, job__state=JobState.QUEUED)[:2]:
            run_now(one.job)
    last = find_batch(cast.study, made[0].batch)
    assert last is not None
    assert give_up_batch(batch=last, by=cast.lena) == 1
    assert states(cast, made[0]) == {"succeeded": 3, "cancelled": 1}
    assert [one.key for one in unfinished_batches(cast.study)] == [other.batch]


def test_the_page_of_a_launch_shows_all_of_it_and_acts_on_all(cast: Cast) -> None:
    release = making.preferences(cast)
    judges = [making.endpoint("remote"), making.endpoint("served", path="x", base_url="")]
    client = Client()
    client.force_login(cast.lena)
    choices = {"release": release.pk, "endpoints": [one.pk for one in judges], "standard": "on", "repeats": 1}
    launched = client.post(reverse("benchmark:launch", args=[cast.study.slug, "judge"]), choices, follow=True)
    text = launched.content.decode()
    made = Evaluation.objects.all()
    key = made[0].batch
    assert launched.redirect_chain[-1][0] == reverse("benchmark:batch", args=[cast.study.slug, key])
    assert "4 evaluations on Preferences 1" in text
    assert text.count("waits for a GPU") == text.count("waits for a free place") == 2
    assert text.count('<span class="pill">Repeat 1</span>') == 2
    assert all(f'id="job-{one.job_id}"' in text for one in made)

    def press(action: str) -> str:
        address = reverse("benchmark:batch-act", args=[cast.study.slug, key, action])
        return str(client.post(address, follow=True).content.decode())

    assert "4 evaluations are paused." in press("pause")
    live = client.get(reverse("benchmark:batch-live", args=[cast.study.slug, key]))
    assert live["HX-Refresh"] == "true"  # nothing goes on any more
    board = client.get(reverse("benchmark:leaderboard", args=[cast.study.slug])).content.decode()
    assert "4 evaluations on Preferences 1" in board
    assert "Paused" in board
    assert "every 2s" not in board.split("being-scored", 1)[1].split("</div>", 1)[0]
    assert "4 evaluations are on the queue again." in press("resume")
    assert "HX-Refresh" not in client.get(reverse("benchmark:being-scored", args=[cast.study.slug]))
    assert "4 evaluations are stopped." in press("give-up")
    assert "Nothing of this launch" in press("give-up")
    assert client.post(reverse("benchmark:batch-act", args=[cast.study.slug, key, "eat"])).status_code == 404
    assert client.get(reverse("benchmark:batch", args=[cast.study.slug, uuid4()])).status_code == 404
    assert client.get(reverse("benchmark:being-scored", args=[cast.study.slug]))["HX-Refresh"] == "true"


def test_the_command_acts_on_a_whole_launch(cast: Cast) -> None:
    release = making.preferences(cast)
    making.endpoint("one")
    making.endpoint("two")
    told = manage("judge", "--release", release.digest, "--endpoint", "one", "--endpoint", "two")
    shown = manage("evaluation", "pause", told["batch"])["evaluations"]
    assert [(one["model"], one["state"]) for one in shown] == [("one", "paused"), ("two", "paused")]
    assert len(manage("evaluation", "show", *map(str, told["numbers"].values()))["evaluations"]) == 2
    for wrong in ("nothing", str(uuid4()), "999"):
        with pytest.raises(CommandError) as caught:
            manage("evaluation", "show", wrong)
        assert caught.value.returncode == 2
