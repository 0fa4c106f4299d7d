"""A real OpenID provider on loopback, and a site that knows it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from consilium.single_sign_on.provider import forget_documents
from tests.harness.processes import dies_with_parent
from tests.harness.servers import free_port, wait_until
from tests.single_sign_on.drive import OpenIdProvider, sign_on_at

START_SECONDS = 30.0


@pytest.fixture(scope="session")
def provider() -> Iterator[OpenIdProvider]:
    """One for all tests: people at it have names of their own in each test."""
    port = free_port()
    found = OpenIdProvider(f"http://localhost:{port}")
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
    ]
    env = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"}
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options |= {"env": env, "preexec_fn": dies_with_parent()}
    with subprocess.Popen(command, **options) as process:
        wait_until(lambda: _answers(found), seconds=START_SECONDS, what="the OpenID provider answers")
        yield found
        process.kill()


def _answers(provider: OpenIdProvider) -> bool:
    try:
        return requests.get(f"{provider.issuer}/jwks", timeout=1).ok
    except requests.RequestException:
        return False


@pytest.fixture
def site(provider: OpenIdProvider, settings: Any) -> Iterator[OpenIdProvider]:
    """The provider, known to the site: nobody new gets an account, no groups carry roles."""
    forget_documents()
    settings.SIGN_ON = sign_on_at(provider.issuer)
    yield provider
    forget_documents()
