"""compose.yaml and the proxies' files fit together; `python -m tests.deploy` runs what they say."""

import re
import subprocess
from pathlib import Path

import pytest

from consilium.web_server import gunicorn_settings
from tests.deploy import compose
from tests.harness.proxies import AROUND, SHIPPED, certificate
from tests.harness.servers import _binary

VALUES = {
    "CONSILIUM_HOSTS": "reading.clinic.example,other.example",
    "CONSILIUM_ORIGINS": "https://reading.clinic.example",
    "CONSILIUM_CERTIFICATE": "/etc/clinic",
    "CONSILIUM_APP_PASSWORD": "app",
    "POSTGRES_PASSWORD": "owner",
    "REDIS_PASSWORD": "broker",
}


def test_people_reach_the_proxy_and_nothing_else() -> None:
    published = {name for name, service in compose.services().items() if "ports" in service}
    assert published == {"proxy"}
    assert compose.environment("web", VALUES)["CONSILIUM_HTTPS"] == "1"
    web = compose.command("web", VALUES)[-1]
    assert "--config python:consilium.web_server.gunicorn_settings --preload" in web


def test_every_variable_of_the_file_is_filled_in() -> None:
    for name in compose.services():
        assert "${" not in str(compose.environment(name, VALUES)), name
        if "command" in compose.services()[name]:
            assert "${" not in " ".join(compose.command(name, VALUES)).replace(
                "${CONSILIUM_HOSTS%%,*}", ""
            ), name
    without = {name: value for name, value in VALUES.items() if name != "REDIS_PASSWORD"}
    with pytest.raises(KeyError, match="REDIS_PASSWORD"):
        compose.environment("web", without)


def test_a_container_waits_for_a_trainer_as_long_as_a_service_does() -> None:
    waits = compose.services()["worker-gpu"]["stop_grace_period"].removesuffix("s")
    assert f"TimeoutStopSec={waits}\n" in (compose.ROOT / "docs/deploy/consilium-worker@.service").read_text()


@pytest.mark.services
def test_the_proxy_makes_the_shipped_file_its_own(tmp_path: Path) -> None:
    text = compose.nginx_configuration(VALUES)
    assert "consilium.example" not in text
    assert "other.example" not in text
    assert text.count("server_name reading.clinic.example;") == 2
    assert "return 301 https://reading.clinic.example$request_uri;" in text
    assert "server web:8000;" in text
    assert text.count("/certificate/") == 2
    folder = tmp_path / "certificate"
    folder.mkdir()
    for made, name in zip(certificate(folder), ("fullchain.pem", "privkey.pem"), strict=True):
        made.rename(folder / name)
    here = text.replace("/certificate/", f"{folder}/").replace("web:8000", "127.0.0.1:8000")
    here = re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>1\2", here)
    (tmp_path / "consilium.conf").write_text(here.replace("/var/cache/nginx", str(tmp_path)))
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path))
    command = [_binary("nginx"), "-t", "-p", str(tmp_path), "-c", f"{tmp_path}/nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_proxy_hangs_up_before_the_web_process_does() -> None:
    """A request that meets a connection in the moment when it closes would be a 502."""
    for name, written in (
        ("nginx.conf", r"keepalive_timeout (\d+)s;  #"),
        ("Caddyfile", r"keepalive (\d+)s"),
    ):
        found = re.search(written, (SHIPPED / name).read_text())
        assert found, name
        assert int(found[1]) < gunicorn_settings.keepalive, name


def test_a_host_that_is_gone_costs_a_proxy_seconds() -> None:
    for name, written in (
        ("nginx.conf", r"proxy_connect_timeout (\d+)s;"),
        ("Caddyfile", r"dial_timeout (\d+)s"),
    ):
        found = re.search(written, (SHIPPED / name).read_text())
        assert found, name
        assert int(found[1]) <= 3, name
