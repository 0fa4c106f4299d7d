"""One `transformers serve` per worker process answers for every local model; it starts when first needed.

The server loads a model when a request names its folder, keeps it until it was idle for IDLE_SECONDS, and
answers the requests of one model one after the other. It has no access to the database, listens on loopback
only, on a socket that it inherits, and dies with the worker, also when the worker is killed. Models that give
scores have a server of their own, which is started and kept in the same way (`score_servers`).
"""

import atexit
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from django.conf import settings

from consilium.inference import ports, score_servers, server_log
from consilium.inference.model_folders import check_model_folder, folder_sha256, folder_under
from consilium.inference.models import ModelEndpoint
from consilium.inference.refusals import EndpointRefused, ServingFailed
from consilium.processes import tied_to_parent

IDLE_SECONDS = 300
START_SECONDS = 180.0
PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
)
PROGRAM = Path(__file__).with_name("serve.py")


def _never() -> None:
    """The check of callers that cannot be cancelled."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where a local model answers: base address ending in /v1, and the model name to send."""

    base_url: str
    model: str


def model_name(endpoint: ModelEndpoint) -> str:
    """The name under which the server loads the endpoint's folder; the revision keeps versions apart.

    Raises EndpointRefused when the folder is unsafe or is not the one that was registered.
    """
    folder = folder_under(settings.MODELS_FOLDER, endpoint.path)
    check_model_folder(folder)
    if endpoint.revision and folder_sha256(folder) != endpoint.revision:
        raise EndpointRefused(
            f"The files of the model {endpoint.name} changed after it was registered."
            " Register them under a new name."
        )
    return f"{folder}@{endpoint.revision or 'main'}"


@contextmanager
def served(endpoint: ModelEndpoint, check: Callable[[], None] = _never) -> Iterator[Served]:
    """The running server's address and the model's name; starts the server when there is none.

    `check` is called while waiting and may raise. Raises EndpointRefused, ServingFailed.
    """
    model = model_name(endpoint)
    yield Served(server_address(check), model)


def server_address(check: Callable[[], None] = _never) -> str:
    """The base address of this process's server, started or started again when it is not alive."""
    return _server.ensure(check)


def score_server_address(check: Callable[[], None] = _never) -> str:
    """As `server_address`, of the server of models that give scores."""
    return _score_server.ensure(check)


def stop() -> None:
    """End this process's servers, for instance to free a GPU; the next request starts them again."""
    _server.stop()
    _score_server.stop()


def chat_command(listening: int) -> list[str]:
    """The arguments of the interpreter that start the server of models that write, on an inherited socket."""
    return ["-I", str(PROGRAM), str(listening), "serve", "--model-timeout", str(IDLE_SECONDS)]


class ModelServer:
    """The child process: at most one, shared by all threads of this process."""

    def __init__(self, command: Callable[[int], list[str]] = chat_command) -> None:
        """Take what makes the interpreter's arguments of the number of a socket."""
        self._command = command
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._is_up = False
        # The kernel's parent-death signal follows the thread that started the child: this one stays.
        self._keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model-server")

    def ensure(self, check: Callable[[], None]) -> str:
        """The address of a server that is alive. Raises ServingFailed, or what `check` raises."""
        while not self._lock.acquire(timeout=0.2):
            check()
        try:
            if self._is_alive() or self._start(check):
                return f"http://{ports.LOOPBACK}:{self._port}/v1"
            raise ServingFailed(
                "The model server stopped while it was starting; the operator finds why in its log."
            )
        finally:
            self._lock.release()

    def stop(self) -> None:
        """Kill the server: it holds no state."""
        process, self._process, self._is_up = self._process, None, False
        if process is not None:
            process.kill()
            process.wait()

    def _is_alive(self) -> bool:
        return self._is_up and self._process is not None and self._process.poll() is None

    def _start(self, check: Callable[[], None]) -> bool:
        # A server left starting by a cancelled caller is waited for, not started twice.
        if self._process is None or self._process.poll() is not None:
            self._is_up = False
            with ports.held_port() as held:
                self._port = held.getsockname()[1]
                self._process = self._keeper.submit(_spawn, self._command(held.fileno()), held).result()
        process, deadline = self._process, time.monotonic() + START_SECONDS
        while process.poll() is None:
            if _is_healthy(self._port):
                self._is_up = True
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise ServingFailed(f"The model server did not start within {START_SECONDS:g} s.")
            check()
            time.sleep(0.05)
        return False


def _spawn(arguments: list[str], held: socket.socket) -> "subprocess.Popen[bytes]":
    home = settings.CONSILIUM_HOME / "serving"
    (home / "huggingface" / "hub").mkdir(mode=0o700, parents=True, exist_ok=True)
    server_log.drop_old(home)
    process = subprocess.Popen(
        tied_to_parent([*(settings.MODEL_SERVER or [sys.executable]), *arguments]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=home,
        env=_environment(home),
        start_new_session=True,
        pass_fds=(held.fileno(),),
    )
    assert process.stdout is not None
    server_log.follow(process.stdout, home / f"{os.getpid()}.log")
    return process


def _environment(home: Path) -> dict[str, str]:
    # An allow-list: no database address, no secret key, no API key reaches the process that loads models.
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {
        "HOME": str(home),
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        # Small models are several times faster with one thread; a site may say otherwise.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _forget() -> None:
    # A forked child must not use or stop its parent's servers.
    global _server, _score_server
    _server, _score_server = ModelServer(), ModelServer(score_servers.scorer_command)


_server, _score_server = ModelServer(), ModelServer(score_servers.scorer_command)
os.register_at_fork(after_in_child=_forget)
atexit.register(stop)
