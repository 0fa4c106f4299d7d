"""A run asks for a set of GPUs; the worker of that set trains it, by the interpreter that the site names."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.gpu_sets import read_sets
from consilium.hardware import GpuReading
from consilium.inference import model_server
from consilium.jobs.cancel import cancel
from consilium.jobs.models import Job
from curation.models import Release
from dashboard.management.commands.up import make_tree
from tests.factories import training as making
from tests.factories.cast import Cast
from training.gpu_queue import gpu_queue
from training.launch import launch, launch_pipeline
from training.models import Run
from training.preconditions import LaunchRefused
from training.process import TrainingProcess, command
from training.resume import resume


@pytest.fixture
def sets(settings: Any) -> None:
    settings.GPU_SETS = read_sets({"CONSILIUM_GPU_SETS": "left=0 pair=2,3"})


def test_a_run_waits_for_the_worker_of_its_set_and_is_resumed_there(
    cast: Cast, release: Release, sets: None
) -> None:
    base = making.base_endpoint()
    runs = launch_pipeline(study=cast.study, release=release, base=base, by=cast.lena, gpus="pair")
    assert {run.job.queue for run in runs} == {"gpu-pair"}
    anywhere = launch(
        study=cast.study, stage="dsa", base=base, by=cast.lena, release=release, specialty=making.PEDIATRICS
    )
    assert anywhere.job.queue == "gpu"
    waits = [work.waits_for for work in gpu_queue(cast.study)]
    assert waits[:2] == ["the worker of GPU set pair", "the worker of GPU set pair, after 1 other"]
    assert waits[-1] == "a free worker"
    cancel(job=runs[0].job, by=cast.lena)
    runs[0].job.refresh_from_db()
    assert resume(run=runs[0], by=cast.lena).job.queue == "gpu-pair"


def test_a_set_that_the_site_does_not_have_is_refused(cast: Cast, release: Release, sets: None) -> None:
    base = making.base_endpoint()
    with pytest.raises(LaunchRefused, match="no set of GPUs named 'all'; the sets of this site: left, pair"):
        launch_pipeline(study=cast.study, release=release, base=base, by=cast.lena, gpus="all")
    assert not Job.objects.exists()


def test_the_form_offers_the_sets_and_remembers_the_one_of_a_run(
    cast: Cast, client: Client, release: Release, sets: None, settings: Any
) -> None:
    base = making.base_endpoint()
    client.force_login(cast.lena)
    at = reverse("training:launch", args=[cast.study.slug])
    page = client.get(at).content.decode()
    assert "Any that is free" in page
    assert "pair: GPUs 2, 3" in page
    sent = {"stage": "dsa", "release": release.pk, "base": base.pk, "seed": 3, "specialty": making.PEDIATRICS}
    assert client.post(at, sent | {"gpus": "all"}).status_code == 200
    assert client.post(at, sent | {"gpus": "pair"}).status_code == 302
    run = Run.objects.get()
    assert run.job.queue == "gpu-pair"
    again = client.get(at, {"from": run.pk})
    assert again.context["form"].initial["gpus"] == "pair"
    estimate = client.post(reverse("training:probe", args=[cast.study.slug]), sent | {"gpus": "left"})
    probe = Job.objects.get(kind="training.probe")
    assert (estimate.status_code, probe.queue, probe.params["gpus"]) == (302, "gpu-left", "left")
    settings.GPU_SETS = ()
    assert "Any that is free" not in client.get(at).content.decode()


@pytest.mark.parametrize(
    ("own", "trainer", "words"),
    [
        ("", [], [sys.executable, "-m", "training.job", "x/asked.json"]),
        ("left", [], [sys.executable, "-m", "training.job", "x/asked.json"]),
        ("pair", [], [sys.executable, "-m", "training.job.processes", "2", "x/asked.json"]),
        ("pair", ["/gpu/python"], ["/gpu/python", "-m", "training.job.processes", "2", "x/asked.json"]),
        (
            "pair",
            ["/gpu/accelerate", "launch", "--config_file", "/etc/fsdp.yaml"],
            [
                *("/gpu/accelerate", "launch", "--config_file", "/etc/fsdp.yaml"),
                *("-m", "training.job", "x/asked.json"),
            ],
        ),
    ],
)
def test_the_interpreter_the_launcher_and_the_number_of_processes_follow_the_settings(
    settings: Any, sets: None, own: str, trainer: list[str], words: list[str]
) -> None:
    settings.GPU_SET = next((one for one in settings.GPU_SETS if one.name == own), None)
    settings.TRAINER = trainer
    assert command(Path("x/asked.json")) == words


def test_up_starts_a_worker_for_each_set(settings: Any, sets: None) -> None:
    with socket.socket() as listener:
        children = make_tree(listener).children
    assert [child.name for child in children] == ["web", "worker", "gpu worker left", "gpu worker pair"]
    assert "--queues=gpu,gpu-pair" in children[3].command
    assert children[3].environment == {"CONSILIUM_GPU_SET": "pair"}
    settings.GPU_SETS = ()
    with socket.socket() as listener:
        assert [child.name for child in make_tree(listener).children] == ["web", "worker", "gpu worker"]


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The number of a process that stands for this worker's model server."""
    server = model_server.ModelServer()
    with subprocess.Popen(["sleep", "600"]) as process:
        server._process = process
        monkeypatch.setattr(model_server, "_server", server)
        yield process.pid
        server.stop()


@pytest.mark.parametrize("gpus", [[], [GpuReading("H100", 80 << 30, 60 << 30, None)]], ids=["none", "one"])
def test_what_a_worker_serves_on_a_gpu_is_gone_before_training_starts(
    gpus: list[GpuReading], serving: int, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.process.read_gpus", lambda: gpus)
    look = f'test -e /proc/{serving} && echo \'{{"event": "beside"}}\' || echo \'{{"event": "alone"}}\''
    settings.TRAINER = ["/bin/sh", "-c", look]
    lock = os.open(tmp_path / ".lock", os.O_RDWR | os.O_CREAT)
    with TrainingProcess(tmp_path / "asked.json", lock) as process:
        assert list(process.events(idle=lambda: None)) == [{"event": "alone" if gpus else "beside"}]
    os.close(lock)
