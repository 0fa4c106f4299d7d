"""Addresses that a worker must never be sent to."""

import pytest

from consilium.inference.addresses import check_address, is_this_machine
from consilium.inference.chat_client import retry_after
from consilium.inference.refusals import EndpointRefused

HOSTS = ["127.0.0.1", "models.example", "gpu.example:8443", "[::1]"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "https://models.example/openai/v1",
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
