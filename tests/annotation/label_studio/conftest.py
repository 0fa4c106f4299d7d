"""A study with a connected server on loopback, its people named."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from annotation.label_studio.connection import connect_server
from annotation.label_studio.people import known_user, name_user
from tests.annotation.label_studio.stub import TOKEN, LabelStudioStub
from tests.factories.cast import Cast

# The users of the recorded server: 1 owns it, 2 to 4 annotate.
READERS = (2, 3, 4)


@pytest.fixture
def stub(settings: LazySettings) -> Iterator[LabelStudioStub]:
    with LabelStudioStub() as server:
        settings.LABEL_STUDIO_HOSTS = [f"127.0.0.1:{server.port}"]
        yield server


@pytest.fixture
def connected(cast: Cast, stub: LabelStudioStub) -> Cast:
    """The study has the stub as its server; nobody there is named yet."""
    connect_server(study=cast.study, base_url=stub.url, token=TOKEN, by=cast.lena)
    return cast


@pytest.fixture
def named(connected: Cast, stub: LabelStudioStub) -> Cast:
    """Users 2, 3 and 4 are Anna, Ben and Carla."""
    for number, person in zip(READERS, connected.annotators, strict=True):
        user = known_user(study=connected.study, server=stub.url, number=number)
        name_user(user=user, person=person, by=connected.lena)
    return connected


def choices(value: str = "first_clearly", **others: str) -> list[dict[str, Any]]:
    """A whole comparison as the browser there sends it."""
    from tests.annotation.label_studio.test_mapper import result

    return result(**{name: others.get(name, value) for name in ("accuracy", "overall")})
