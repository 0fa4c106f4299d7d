"""The worker's own server of scores: isolated, on loopback, and gone when nobody asks."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consilium.inference import ports, score_servers
from consilium.inference.model_server import ModelServer

QUESTION = {"role": "user", "content": [{"type": "text", "text": "Which colour?"}]}
ANSWER = {"role": "assistant", "content": "Red."}
REFUSED: list[tuple[Any, str]] = [
    ([QUESTION], "A question and one answer to it are needed"),
    ([ANSWER, QUESTION], "A question and one answer to it are needed"),
    ([QUESTION, {"role": "assistant", "content": None}], "an answer in one text"),
    ([{"role": "user", "content": []}, ANSWER], "A question in one text"),
    (
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/"}}]}, ANSWER],
        "images as data URIs",
    ),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr(score_servers, "IDLE_SECONDS", 0.5)
    made = ModelServer(score_servers.scorer_command)
    yield made
    made.stop()


def asked(address: str, messages: Any) -> tuple[int, str]:
    host = address.removeprefix("http://").removesuffix("/v1")
    connection = http.client.HTTPConnection(host, timeout=20)
    body = json.dumps({"model": "/nowhere@main", "messages": messages})
    connection.request("POST", "/v1/chat/completions", body)
    answer = connection.getresponse()
    told = json.loads(answer.read())["error"]
    connection.close()
    return answer.status, told


def test_it_keeps_to_itself_and_ends_when_nobody_asks(server: ModelServer) -> None:
    address = server.ensure(lambda: None)
    assert address.startswith(f"http://{ports.LOOPBACK}:")
    process = server._process
    assert process is not None
    names = {entry.split("=")[0] for entry in Path(f"/proc/{process.pid}/environ").read_text().split("\0")}
    assert "HF_HUB_OFFLINE" in names
    assert not names & {"DATABASE_URL", "CONSILIUM_HOME", "CONSILIUM_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    for messages, said in REFUSED:
        status, told = asked(address, messages)
        assert (status, said in told) == (400, True), told
    assert process.wait(timeout=20) == 0
    assert server.ensure(lambda: None)  # and comes back
    assert server._process is not process


def test_one_program_serves_scores() -> None:
    with pytest.raises(ValueError, match="serves scores already"):
        score_servers.register(Path("another.py"))
