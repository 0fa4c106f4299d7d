"""A broker over TLS is believed when its certificate holds, and told nothing when it does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from consilium import celery
from tests.harness.forked import run_python
from tests.harness.other_hosts import OtherHost, broker_host

PASSWORD = "a-broker-password"


@pytest.fixture(scope="module")
def host() -> Iterator[OtherHost]:
    with broker_host(PASSWORD) as given:
        yield given


def answers(home: Path, url: str, **trust: str) -> bool:
    """What a process that is configured so says of its broker."""
    program = "from consilium.jobs.notify import broker_answers; print(broker_answers())"
    done = run_python(
        ["manage.py", "shell", "--no-imports", "--command", program],
        env={"CONSILIUM_HOME": str(home), "BROKER_URL": url, **trust},
    )
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return done.stdout.splitlines()[-1] == "True"


@pytest.mark.services
def test_only_the_host_that_the_certificate_names_is_believed(host: OtherHost, tmp_path: Path) -> None:
    url = f"rediss://:{PASSWORD}@{host.address}/0"
    assert not answers(tmp_path, url), "the authority is not known"
    assert answers(tmp_path, url, SSL_CERT_FILE=str(host.trust))
    assert answers(tmp_path, f"{url}?ssl_ca_certs={host.trust}")
    with broker_host(PASSWORD, named="127.0.0.2") as other:
        theirs = f"rediss://:{PASSWORD}@{other.address}/0"
        assert not answers(tmp_path, theirs, SSL_CERT_FILE=str(other.trust))


def test_the_name_of_rabbitmq_is_compared(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BROKER_URL", "amqps://guest:guest@broker.example//")
    app = Celery("other")
    app.conf.update(celery.broker())
    with app.connection_for_write() as connection:
        monkeypatch.setattr(connection.transport, "Connection", Taken)
        taken = connection.transport.establish_connection()
    assert taken.options["ssl"] == {"server_hostname": "broker.example"}


class Taken:
    """Stands for amqp's connection: keeps what it is made with."""

    def __init__(self, **options: object) -> None:
        self.options = options

    def connect(self) -> None:
        """Answers at once."""
