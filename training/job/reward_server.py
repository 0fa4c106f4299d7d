"""The process that serves reward models: a number for each answer, on loopback, over the chat protocol.

`python -I reward_server.py --socket FD --idle SECONDS`; it listens on the socket FD, which it inherits. A
request names a folder (`folder@revision`) and holds two messages: the question with its images as data URIs,
and one answer to it. The completion's content is the score. One model is held at a time; when nobody asked
anything for so long, the process ends.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import socket
import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

BODY_MAX = 256 * 2**20
READ_SECONDS = 60.0
# Question, answer, images: the score and the number of tokens read.
Score = Callable[[str, str, "Sequence[io.BytesIO]"], tuple[float, int]]


class BadRequest(ValueError):
    """The request cannot be answered; the text says why."""


class RewardServer(HTTPServer):
    """Answers one request after the other; `load` returns what scores with the model of a folder."""

    request_queue_size = 64

    def __init__(self, bound: socket.socket, idle: float, load: Callable[[Path], Score]) -> None:
        super().__init__(bound.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self.server_activate()
        self.timeout = idle
        self._load = load
        self._held: tuple[str, Score] | None = None
        self._is_idle = False

    def handle_timeout(self) -> None:
        """Nobody asked for so long."""
        self._is_idle = True

    def serve(self) -> None:
        """Answer until nobody asks."""
        while not self._is_idle:
            self.handle_request()

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the completion of a request. Raises BadRequest, SpecError."""
        question, answer, images = _read(body)
        named = str(body.get("model", ""))
        if self._held is None or self._held[0] != named:
            self._held = None  # before the next one is loaded: there may be no room for two
            self._held = named, self._load(Path(named.rpartition("@")[0]))
        score, tokens = self._held[1](question, answer, images)
        message = {"role": "assistant", "content": repr(score)}
        return {
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": tokens, "completion_tokens": 0},
        }


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0, so that a connection that waits keeps nobody from being answered."""

    timeout = READ_SECONDS
    server: RewardServer

    def do_GET(self) -> None:
        """Say that it is up."""
        self._send(HTTPStatus.OK, {"status": "ok"})

    def do_POST(self) -> None:
        """Answer with a score, or say what is wrong with the request."""
        from training.job.spec import SpecError

        size = int(self.headers.get("Content-Length") or 0)
        if not 0 < size <= BODY_MAX:
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "The request is empty or too large."})
            return
        try:
            body = json.loads(self.rfile.read(size))
            status, answer = HTTPStatus.OK, self.server.complete(body)
        except (ValueError, SpecError) as error:
            status, answer = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        self._send(status, answer)

    def log_message(self, *args: Any) -> None:
        """Requests are not logged."""

    def _send(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _read(body: dict[str, Any]) -> tuple[str, str, list[io.BytesIO]]:
    """Return question, answer and images of a request. Raises BadRequest."""
    try:
        asked, answered = body["messages"]
        parts, answer = asked["content"], answered["content"]
        texts = [part["text"] for part in parts if part["type"] == "text"]
        uris = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    except (KeyError, TypeError, ValueError):
        raise BadRequest("A question and one answer to it are needed.") from None
    if len(texts) != 1 or not isinstance(answer, str) or not all(uri.startswith("data:") for uri in uris):
        raise BadRequest("A question in one text, images as data URIs and an answer in one text are needed.")
    return texts[0], answer, [io.BytesIO(base64.b64decode(uri.partition(",")[2])) for uri in uris]


def load_scorer(folder: Path) -> Score:
    """Load a reward model. Raises SpecError."""
    from training.job.reward_scorer import RewardScorer

    return RewardScorer(folder).score


def main(arguments: Sequence[str]) -> None:
    """Serve until nobody asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--idle", type=float, required=True)
    chosen = parser.parse_args(arguments)
    RewardServer(socket.socket(fileno=chosen.socket), chosen.idle, load_scorer).serve()


if __name__ == "__main__":
    # Isolated, the interpreter finds installed packages alone: the house is added by name.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(sys.argv[1:])
