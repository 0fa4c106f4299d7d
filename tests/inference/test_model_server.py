"""The real `transformers serve`, started by this process for a real (tiny) model."""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image

from consilium.inference import model_server, ports
from consilium.inference.chat_client import CallLimits
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import complete_all
from consilium.inference.images import data_uri
from consilium.inference.model_folders import folder_sha256
from consilium.inference.models import ModelEndpoint, Reply
from consilium.inference.refusals import EndpointRefused, ServingFailed
from tests.factories.hub_folders import NAMED
from tests.harness.ask import go

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]
PATIENT = CallLimits(in_flight=4, attempts=4, answer_seconds=60, first_wait=0.05)


def look(number: int, **fields: Any) -> ChatRequest:
    """A question about a small picture."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (number * 5 % 256, 80, 120)).save(picture, "PNG")
    image = {"type": "image_url", "image_url": {"url": data_uri(picture.getvalue())}}
    text = {"type": "text", "text": f"Question {number}: which colour?"}
    options = {"max_tokens": 4} | fields
    return ChatRequest(messages=[{"role": "user", "content": [image, text]}], tag=str(number), **options)


@pytest.fixture
def endpoint(tiny: str) -> ModelEndpoint:
    revision = folder_sha256(settings.MODELS_FOLDER / tiny)
    return ModelEndpoint.objects.create(name="tiny", path=tiny, family="gemma3", revision=revision)


def pid() -> int:
    process = model_server._server._process
    assert process is not None
    return process.pid


def wait_until_gone(number: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{number}").exists()


class Stopped(Exception):
    """What a cancelled job's check raises."""


def test_cancelling_while_the_server_starts_is_quick_and_wastes_no_start(endpoint: ModelEndpoint) -> None:
    model_server.stop()
    started = time.monotonic()

    def check() -> None:
        if model_server._server._process is not None:
            raise Stopped

    with pytest.raises(Stopped):
        model_server.server_address(check)
    assert time.monotonic() - started < 1.0
    starting = pid()
    with model_server.served(endpoint):
        assert pid() == starting


def test_a_server_that_cannot_start_is_reported_in_words() -> None:
    broken = model_server.ModelServer(lambda _: ["-c", "raise SystemExit('no such library')"])
    with pytest.raises(ServingFailed, match="stopped while it was starting"):
        broken.ensure(lambda: None)
    wait_until_logged("no such library")


def test_another_interpreter_serves_where_the_operator_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ["/bin/sh", "-c", 'echo "started with $*"', "other"]
    monkeypatch.setattr(settings, "MODEL_SERVER", other)
    with pytest.raises(ServingFailed):
        model_server.ModelServer(lambda _: ["-I", "server.py"]).ensure(lambda: None)
    wait_until_logged("started with -I server.py")


def wait_until_logged(words: str) -> None:
    log, deadline = settings.CONSILIUM_HOME / "serving" / f"{os.getpid()}.log", time.monotonic() + 10
    while words not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert words in log.read_text()


def test_a_picture_is_answered_by_the_real_server(endpoint: ModelEndpoint, tiny: str) -> None:
    result, got = go(endpoint, [look(1), look(2)], PATIENT)
    assert (result.done, result.failed) == (2, [])
    assert got["1"].completion_tokens > 0
    assert got["1"].prompt_tokens > 5
    with model_server.served(endpoint) as served:
        assert served.base_url.startswith("http://127.0.0.1:")
        assert served.model == f"{settings.MODELS_FOLDER / tiny}@{endpoint.revision}"
    first = pid()
    sampled, _ = go(endpoint, [look(3, temperature=1.0, seed=5)], PATIENT)
    assert sampled.done == 1
    assert pid() == first  # one server for everything this process asks


def tokens_of_a_prompt(folder: Path, kind: str) -> int:
    """Ask the model of the folder about a picture."""
    place = settings.MODELS_FOLDER / kind
    shutil.copytree(folder, place)
    try:
        result, got = go(ModelEndpoint.objects.create(name=kind, path=kind, family=kind), [look(1)], PATIENT)
    finally:
        shutil.rmtree(place)
    assert (result.done, result.failed) == (1, [])
    assert got["1"].completion_tokens > 0
    return got["1"].prompt_tokens


# The suite asks all of them in a pipeline, by a server in the test's own process (training/job).
FIRST, *OTHERS = NAMED


@pytest.mark.parametrize("kind", [FIRST, *(pytest.param(kind, marks=pytest.mark.soak) for kind in OTHERS)])
def test_a_folder_of_the_hub_is_answered_without_torchvision(built_models: Path, kind: str) -> None:
    assert find_spec("torchvision") is None
    assert tokens_of_a_prompt(built_models / "hub" / kind, kind) > 20  # the picture's among them


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.parametrize("kind", NAMED)
def test_what_training_makes_of_it_is_answered_alike(built_models: Path, tmp_path: Path, kind: str) -> None:
    from tests.training.job import in_process as training  # torch comes with it
    from tests.training.job.release import write_release

    base, rows = tmp_path / "base", write_release(tmp_path / "rows", 8)
    shutil.copytree(built_models / "hub" / kind, base)
    expert = training.run(training.asked("dsa", base, rows))
    whole = training.run(training.asked("gba", base, rows, experts=[str(expert)], tuning="full"))
    merged = training.run(training.asked("merge", base, experts=[str(expert)], reinforced=str(whole)))
    wanted = tokens_of_a_prompt(base, kind)
    for number, made in enumerate((expert, whole, merged)):
        assert tokens_of_a_prompt(made / "model", f"{kind}_{number}") == wanted


def test_sampling_follows_the_temperature_and_the_seed(endpoint: ModelEndpoint) -> None:
    wanted = [
        look(9, temperature=temperature, seed=seed, max_tokens=12)
        for temperature, seed in [(0, 1), (2, 1), (2, 2)]
    ]
    twin = ModelEndpoint.objects.create(name="twin", path=endpoint.path, family="gemma3")
    texts = [[go(asked, [one], PATIENT)[1]["9"].text for one in wanted] for asked in (endpoint, twin)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 3


def test_the_server_knows_no_secret_of_the_site(endpoint: ModelEndpoint) -> None:
    with model_server.served(endpoint):
        names = {entry.split("=")[0] for entry in Path(f"/proc/{pid()}/environ").read_text().split("\0")}
    assert (
        names & {"DATABASE_URL", "CONSILIUM_HOME", "CONSILIUM_SECRET_KEY", "DJANGO_SETTINGS_MODULE"} == set()
    )
    assert {"HF_HUB_OFFLINE", "HF_HOME"} <= names


def test_a_killed_server_is_started_again_and_nothing_is_lost(endpoint: ModelEndpoint) -> None:
    killed: list[int] = []

    def on_reply(a: ChatRequest, reply: Reply) -> None:
        if not killed:
            killed.append(pid())
            os.kill(pid(), signal.SIGKILL)

    wanted = [look(number) for number in range(10, 22)]
    result = complete_all(endpoint, wanted, study=None, on_reply=on_reply, check=lambda: None, limits=PATIENT)
    assert (result.done, result.failed) == (12, [])
    assert Reply.objects.filter(endpoint=endpoint).count() >= 12
    assert pid() != killed[0]


def test_a_changed_folder_is_not_served_under_the_old_name(endpoint: ModelEndpoint) -> None:
    config = settings.MODELS_FOLDER / endpoint.path / "generation_config.json"
    config.write_text('{"do_sample": true}')
    with pytest.raises(EndpointRefused, match="changed after it was registered"):
        go(endpoint, [look(40)], PATIENT)


# A server that says that it is well, and starts at once.
WELL = """
import http.server, socket, sys
class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Well, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.server_activate()
server.serve_forever()
"""
WORKER = f"""
import sys, time, django
django.setup()
from consilium.inference.model_server import ModelServer
server = ModelServer(lambda listening: ["-c", {WELL!r}, str(listening)])
print(server.ensure(lambda: None), server._process.pid, flush=True)
time.sleep(120)
"""


def test_a_killed_worker_leaves_no_server(tmp_path: Path) -> None:
    environment = os.environ | {
        "CONSILIUM_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "consilium.settings",
    }
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        address, number = worker.stdout.readline().split()
        port = int(address.removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), socket.socket() as stranger:
            stranger.bind((ports.LOOPBACK, port))
        worker.kill()
    wait_until_gone(int(number))


def test_stopping_ends_the_server(endpoint: ModelEndpoint) -> None:
    with model_server.served(endpoint):
        number = pid()
    model_server.stop()
    wait_until_gone(number)
