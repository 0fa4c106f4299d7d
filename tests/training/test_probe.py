"""An estimate from a few real steps, which leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.models import Release, Source
from tests.factories import training as making
from tests.factories.cast import Cast
from training.models import Run, RunEvent
from training.probe import PROBE, start_probe


@pytest.fixture
def wanted(cast: Cast, release: Release) -> dict[str, Any]:
    return {
        "study": cast.study,
        "stage": "dsa",
        "release": release,
        "by": cast.lena,
        "specialty": making.PEDIATRICS,
        "settings": making.QUICK | {"max_steps": 500},
        "seed": 5,
    }


def test_a_few_steps_tell_what_the_run_would_take_and_are_thrown_away(
    cast: Cast, base: ModelEndpoint, wanted: dict[str, Any], home: Path, settings: Any
) -> None:
    settings.TRAINER = []  # what a forked process takes is not seen from here
    job = run_now(start_probe(**wanted, base=base))
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    found = job.result
    assert found["steps"] == 500
    assert 0 < found["step_seconds"] < found["seconds"]
    assert found["seconds"] >= found["step_seconds"] * 499
    assert found["memory_bytes"] > 100 << 20
    assert 0 < found["checkpoint_bytes"] < found["disk_bytes"]
    assert found["text_tokens"] > 4 * 20  # four rows of pediatrics
    assert list((home / "probes").iterdir()) == []
    assert not Run.objects.exists()
    assert not RunEvent.objects.exists()
    client = Client()
    client.force_login(cast.lena)
    page = client.get(reverse("training:estimate", args=["chest", job.pk]))
    text = page.content.decode()
    assert '<span class="stat-value">500</span>' in text
    assert page.context["fits"]
    client.post(reverse("training:launch", args=["chest"]), dict(page.context["hidden"]))
    run = Run.objects.get()
    assert (run.settings, run.specialty, run.seed) == (wanted["settings"], making.PEDIATRICS, 5)


def test_what_the_process_refuses_is_told_and_nothing_is_left(
    base: ModelEndpoint, wanted: dict[str, Any], home: Path
) -> None:
    (home / "models" / making.BASE / "config.json").unlink()
    job = run_now(start_probe(**wanted, base=base))
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == "base: the folder holds no model (config.json is missing)"
    assert list((home / "probes").iterdir()) == []


def test_only_what_may_be_launched_is_tried_out(cast: Cast, wanted: dict[str, Any]) -> None:
    ground = making.base_endpoint()
    with pytest.raises(NotAllowed):
        start_probe(**wanted | {"by": cast.anna}, base=ground)
    changes: dict[str, dict[str, Any]] = {
        "Only stages that take steps": {"stage": "merge"},
        "must be positive": {"settings": {"epochs": 0}},
        "choose one of those": {"specialty": "brain_senses"},
    }
    for said, change in changes.items():
        with pytest.raises(Refused, match=said):
            start_probe(**wanted | change, base=ground)
    Source.objects.update(may_train=False)
    with pytest.raises(Refused, match="may_train"):
        start_probe(**wanted, base=ground)
    assert not Job.objects.exists()


def test_the_launch_form_is_tried_out_as_it_stands(cast: Cast, release: Release) -> None:
    ground = making.base_endpoint()
    client = Client()
    client.force_login(cast.lena)
    address = reverse("training:probe", args=["chest"])
    sent = {
        "stage": "dsa",
        "release": release.pk,
        "base": ground.pk,
        "seed": 3,
        "specialty": making.PEDIATRICS,
    }
    answer = client.post(address, sent | {"dsa-lora_r": "8"})
    job = Job.objects.get(kind=PROBE)
    assert answer["Location"] == reverse("training:estimate", args=["chest", job.pk])
    assert (job.queue, job.params["settings"]) == ("gpu", {"lora_r": 8})
    assert "Trying it out" in client.get(answer["Location"]).content.decode()
    refused = client.post(address, sent | {"dsa-epochs": "0"}, follow=True)
    assert "Must be positive." in refused.content.decode()
    assert Job.objects.count() == 1
