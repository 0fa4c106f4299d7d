"""The training job and the model server, which the application has as processes, in the tests' own."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import uvicorn
from transformers.cli.serving.model_manager import ModelManager

from consilium.inference import model_server, ports, serve
from training import run_job
from training.job.__main__ import run_safely
from training.job.numbers import standard_json
from training.job.progress import Progress
from training.job.spec import read_spec
from training.job.stop_flag import StopFlag


class TrainedHere:
    """As much of TrainingProcess as a run asks for: the specification is run to its end, then what it said
    is told, line by line.
    """

    def __init__(self, spec: Path, _lock: int) -> None:
        self._spec = spec
        self.pid = os.getpid()

    def __enter__(self) -> "TrainedHere":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def events(self, idle: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """Every event of the stage."""
        idle()
        said = io.StringIO()
        self._status = run_safely(lambda: read_spec(self._spec), Progress(said), StopFlag())
        yield from map(standard_json, said.getvalue().splitlines())

    def wait(self) -> int:
        """The exit status."""
        return self._status


@contextmanager
def in_this_process() -> Iterator[None]:
    """Runs train here, and local models are asked here: `serve.main` with its own command line."""
    servers: list[uvicorn.Server] = []
    begin = uvicorn.Server.startup

    async def startup(server: uvicorn.Server, **given: Any) -> None:
        servers.append(server)
        await begin(server, **given)

    with ports.held_port() as held:
        port, inherited = held.getsockname()[1], os.dup(held.fileno())
    words = model_server.chat_command(inherited)[1:]
    with (
        patch.object(run_job, "TrainingProcess", TrainedHere),
        patch.object(model_server, "server_address", lambda _check: f"http://{ports.LOOPBACK}:{port}/v1"),
        patch.object(sys, "argv", words),
        patch.object(uvicorn.Server, "startup", startup),
        patch.object(uvicorn.Server, "run", uvicorn.Server.run),
        patch("gc.set_threshold"),
        patch.object(ModelManager, "_load_processor", ModelManager._load_processor),
    ):
        serving = Thread(target=_serve)
        serving.start()
        try:
            yield
        finally:
            for server in servers:
                server.should_exit = True
            serving.join()


def _serve() -> None:
    with suppress(SystemExit):  # a command line ends with it
        serve.main()
