"""Addresses that a worker must never be sent to."""

import asyncio
import socket
from typing import Any

import pytest

from consilium.inference.addresses import check_address, is_this_machine
from consilium.inference.chat_client import retry_after
from consilium.inference.checks import check_model_addresses
from consilium.inference.names import Outward
from consilium.inference.refusals import EndpointRefused

LOOPBACK = ["127.0.0.1:8000-8100", "[::1]:9000"]
HOSTS = [*LOOPBACK, "models.example", "gpu.example:8443", "http://wrong.example", "x:0"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "https://models.example/openai/v1",
        "http://models.example/v1",
        "http://127.0.0.1:8100/v1",
        "https://gpu.example:8443/v1",
        "http://[::1]:9000/v1",
    ],
)
def test_a_listed_host_is_allowed(url: str) -> None:
    assert check_address(url + "/", HOSTS) == url


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/v1",
        "http://169.254.169.254/latest/meta-data",
        "http://user:secret@127.0.0.1/v1",
        "http://127.0.0.1@evil.example/v1",
        "http://127.0.0.1\\@evil.example/v1",
        "http://evil.example/v1?x=127.0.0.1",
        "http://evil.example/v1#127.0.0.1",
        "http://127.0.0.1.evil.example/v1",
        "http://models.example./v1",
        "http://2130706433/v1",
        "http://0x7f.1/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://gpu.example/v1",
        "https://gpu.example:8444/v1",
        "http://127.0.0.1/v1",
        "http://127.0.0.1:5432/v1",
        "http://127.0.0.1:8101/v1",
        "http://[::1]/v1",
        "https://models.example:8443/v1",
        "http://wrong.example/v1",
        "http://x/v1",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1 /v1",
        "http://127.0.0.1/%2e%2e/v1",
        "http://127.0.0.1/v1\r\nHost: evil",
        "//127.0.0.1/v1",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(EndpointRefused):
        check_address(url, HOSTS)


def test_this_machine_is_recognised() -> None:
    assert is_this_machine("http://127.0.0.5:1/v1")
    assert is_this_machine("http://[::1]/v1")
    assert not is_this_machine("https://models.example/v1")


def test_retry_after_reads_seconds_and_dates_and_ignores_nonsense() -> None:
    assert retry_after("3") == 3.0
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("Wed, 21 Oct 2099 07:28:00 GMT") > 1e9
    assert retry_after("Wed, 21 Oct 2015 07:28:00") == 0.0
    assert retry_after("soon") == 0.0


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (["10.1.2.3"], ["10.1.2.3"]),
        (["127.0.0.1"], None),
        (["169.254.169.254", "10.1.2.3"], ["10.1.2.3"]),
        (["::1", "fe80::1", "::ffff:127.0.0.1", "0.0.0.0"], None),
    ],
)
def test_a_listed_name_may_not_lead_back_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, answers: list[str], kept: list[str] | None
) -> None:
    async def look_up(self: Any, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        return [{"hostname": host, "host": answer, "port": port} for answer in answers]

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", look_up)

    async def ask(name: str) -> list[str]:
        return [each["host"] for each in await Outward().resolve(name, 443)]

    if kept is None:
        with pytest.raises(OSError, match="leads back"):
            asyncio.run(ask("models.example"))
    else:
        assert asyncio.run(ask("models.example")) == kept
    assert asyncio.run(ask("localhost")) == answers


def test_a_list_or_key_that_cannot_work_is_named_at_the_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MODEL_HOSTS = ["http://gpu.example:1/v1", "gpu.example:8443"]
    monkeypatch.setenv("CONSILIUM_API_KEY_GPT", "canary-key")
    wrong, unbound = check_model_addresses()
    assert "http://gpu.example:1/v1" in wrong.msg
    assert "CONSILIUM_API_HOST_GPT" in str(unbound.hint)
    assert "canary" not in f"{unbound}"
    monkeypatch.setenv("CONSILIUM_API_HOST_GPT", "gpu.example:8443")
    settings.MODEL_HOSTS = ["gpu.example:8443"]
    assert check_model_addresses() == []
