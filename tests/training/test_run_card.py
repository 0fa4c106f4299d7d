"""The run card, and what is taken from a run as files."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from curation.models import Release, Source
from curation.releases.freeze import withdraw_release
from tests.factories import benchmark as scoring
from tests.factories import training as making
from tests.factories.cast import Cast
from training import run_folder
from training.launch import launch
from training.models import AttemptEnd, ProducedModel, Run, RunAttempt, RunEvent
from training.run_card import FORMAT, joules_of, run_card

DIGEST, ADAPTER_DIGEST, BASE_DIGEST = "1" * 64, "2" * 64, "3" * 64


@pytest.fixture
def run(cast: Cast, home: Path, release: Release) -> Run:
    base = making.base_endpoint(name="Tiny Base", study=cast.study)
    return launch(
        study=cast.study, stage="dsa", base=base, by=cast.lena, release=release,
        specialty=making.PEDIATRICS, settings={"epochs": 2}, seed=5,
    )  # fmt: skip


@pytest.fixture
def produced(cast: Cast, run: Run, release: Release) -> ProducedModel:
    folder = run_folder.folder(run)
    for part in ("model", "adapter"):
        (folder / part).mkdir(parents=True)
        (folder / part / "model.safetensors").write_bytes(part.encode() * 100)
        (folder / part / "README.md").write_text("what a library left")
    (folder / "adapter" / "adapter_config.json").write_text('{"base_model_name_or_path": "/srv/base"}')
    (folder / "model" / "config.json").write_text("{}")
    card = {
        "artifacts": {
            "model": "model",
            "digest": DIGEST,
            "adapter": "adapter",
            "adapter_digest": ADAPTER_DIGEST,
        },
        "base_digest": BASE_DIGEST,
        "spec": {"base": "/srv/base", "settings": {"lora_r": 128, "epochs": 2}},
        "versions": {"torch": "2.13.0"},
        "metrics": {"loss": 0.25},
    }
    Job.objects.filter(pk=run.job_id).update(state=JobState.SUCCEEDED)
    return ProducedModel.objects.create(
        run=run, endpoint=scoring.endpoint("made", study=cast.study), digest=DIGEST,
        release_digests=[release.digest], card=card,
    )  # fmt: skip


def attempt(run: Run, number: int, seconds: int, **fields: Any) -> RunAttempt:
    begun = timezone.now() - timedelta(hours=1)
    heard = begun + timedelta(seconds=seconds)
    return RunAttempt.objects.create(
        run=run, number=number, started_at=begun, heard_at=heard, **{"end": AttemptEnd.DONE} | fields
    )


def taken(client: Client, run: Run, part: str) -> Any:
    return client.get(reverse("training:download", args=["chest", run.pk, part]))


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def test_the_card_of_a_run_that_waits_says_what_will_be_and_leaves_the_rest_null(run: Run) -> None:
    card = run_card(run)
    assert (card["format"], card["state"], card["seed"]) == (FORMAT, "queued", 5)
    assert card["settings"]["epochs"] == 2
    assert card["settings"]["lora_r"] == 128
    assert [card[name] for name in ("model", "code", "hardware", "joules", "metrics")] == [None] * 5


def test_the_card_names_release_base_code_hardware_and_the_seconds_of_all_attempts(
    lead: Client, produced: ProducedModel, release: Release
) -> None:
    run = produced.run
    hardware = {
        "processor": "X",
        "cores": 4,
        "memory_bytes": 8 << 30,
        "gpus": [{"name": "H", "memory_bytes": 1}],
    }
    attempt(run, 1, 70, end=AttemptEnd.LOST, joules=100.0)
    attempt(run, 2, 30, joules=50.5, hardware=hardware, software={"version": "1", "commit": "c" * 40})
    answer = taken(lead, run, "card")
    card = json.loads(answer.content)
    assert answer["Content-Disposition"] == f'attachment; filename="chest-run-{run.pk}.json"'
    assert card["release"] == {"name": release.name, "digest": release.digest}
    assert (card["base"]["name"], card["base"]["weights"]) == ("Tiny Base", BASE_DIGEST)
    assert (card["code"]["commit"], card["hardware"]) == ("c" * 40, hardware)
    assert (card["seconds"], card["joules"]) == (100.0, 150.5)
    assert [one["end"] for one in card["attempts"]] == ["lost", "done"]
    assert (card["model"]["digest"], card["model"]["adapter_digest"]) == (DIGEST, ADAPTER_DIGEST)
    assert "/srv" not in answer.content.decode()
    page = lead.get(reverse("training:run", args=["chest", run.pk])).content.decode()
    assert "torch 2.13.0" in page
    assert "150 J" in page or "151 J" in page


def test_energy_that_one_attempt_did_not_tell_is_not_summed(run: Run) -> None:
    told, silent = attempt(run, 1, 1, joules=5.0), attempt(run, 2, 1)
    assert joules_of([told]) == 5.0
    assert joules_of([told, silent]) is None
    assert joules_of([]) is None


def test_figures_are_a_line_for_every_step(lead: Client, run: Run) -> None:
    for step, data in ((1, {"loss": 2.0, "lr": 0.1}), (2, {"loss": 1.0, "reward": 0.5})):
        RunEvent.objects.create(run=run, sequence=step, kind="step", step=step, data=data)
    told = [json.loads(line) for line in taken(lead, run, "figures").content.splitlines()]
    assert [{name: one[name] for name in one if name != "at"} for one in told] == [
        {"step": 1, "loss": 2.0, "lr": 0.1},
        {"step": 2, "loss": 1.0, "reward": 0.5},
    ]


def test_weights_leave_as_a_zip_with_their_card_and_that_is_on_record(
    lead: Client, produced: ProducedModel
) -> None:
    answer = taken(lead, produced.run, "adapter")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert set(held) == {"model.safetensors", "adapter_config.json", "README.md"}
    assert held["model.safetensors"] == b"adapter" * 100
    assert json.loads(held["adapter_config.json"]) == {"base_model_name_or_path": "Tiny Base"}
    assert b"what a library left" not in held["README.md"]
    event = AuditEvent.objects.get(action="run.weights_downloaded")
    assert event.data == {"digest": ADAPTER_DIGEST, "part": "adapter"}


def test_weights_stay_where_their_release_may_not_be_passed_on(
    cast: Cast, lead: Client, produced: ProducedModel, release: Release
) -> None:
    Source.objects.update(may_redistribute=False)
    refused = taken(lead, produced.run, "model")
    assert refused.status_code == 409
    assert b"may_redistribute" in refused.content
    Source.objects.update(may_redistribute=True)
    withdraw_release(release=release, reason="A patient objected.", by=cast.lena)
    assert b"must not be passed on" in taken(lead, produced.run, "model").content
    assert not AuditEvent.objects.filter(action="run.weights_downloaded").exists()


def test_a_part_that_is_not_there_is_not_found(cast: Cast, lead: Client, run: Run) -> None:
    assert [taken(lead, run, part).status_code for part in ("model", "log", "optimizer")] == [404] * 3
    reader = Client()
    reader.force_login(cast.anna)
    assert taken(reader, run, "card").status_code == 403
