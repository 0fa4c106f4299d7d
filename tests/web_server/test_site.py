"""The site as it is shipped, alone and behind nginx and Caddy: what strangers try, what people do."""

import http.client
import os
import select
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard.supervisor import command_lines
from tests.factories.cast import PASSWORD
from tests.factories.curation import noise
from tests.harness import proxies
from tests.harness.forked import run_python
from tests.harness.once import Put
from tests.web_server.browser import Browser
from tests.web_server.raw import (
    PATIENCE,
    ask,
    connect,
    gunicorn,
    honest,
    is_silent,
    listening,
    rest,
    serving,
    status,
)

LOGIN, UPLOAD = "/accounts/login/", "/s/chest/imports/new/"
MEBIBYTE = 1 << 20
POST = "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


@dataclass(frozen=True)
class Site:
    """A running installation."""

    home: Path
    port: int
    pid: int

    def written(self) -> int:
        """Bytes that its web processes have written to files and sockets so far."""
        return sum(int(_proc(pid, "io").split("wchar: ")[1].split()[0]) for pid in self._workers())

    def memory(self) -> int:
        """The most memory, in bytes, that one of its web processes has held."""
        return max(int(_proc(pid, "status").split("VmHWM:")[1].split()[0]) << 10 for pid in self._workers())

    def left_behind(self) -> list[str]:
        """Uploads on the disk, those without a name included."""
        named = [path.name for path in (self.home / "uploads").iterdir()]
        opened = [
            str(fd.readlink())
            for pid in self._workers()
            for fd in Path(f"/proc/{pid}/fd").iterdir()
            if fd.is_symlink()
        ]
        return named + [path for path in opened if str(self.home / "uploads") in path]

    def _workers(self) -> list[int]:
        return [int(pid) for pid in _proc(self.pid, f"task/{self.pid}/children").split()]


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, put_database: Put) -> Iterator[Site]:
    """The web process as `up` starts it, set up for a name behind HTTPS."""
    home = put_database(tmp_path_factory.mktemp("home"))
    environment = {
        "CONSILIUM_HOME": str(home),
        "CONSILIUM_HTTPS": "1",
        "CONSILIUM_HOSTS": f"{proxies.NAME},localhost,127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "consilium.settings",
        "DATABASE_URL": "",
        "BROKER_URL": "",
    }
    filled = run_python(["-m", "tests.web_server.fill"], env=os.environ | environment)
    assert filled.returncode == 0, filled.stderr
    with listening() as listener:
        command = command_lines.web(listener.fileno())
        with serving(listener, command, **environment) as pid:
            yield Site(home, listener.getsockname()[1], pid)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def start(request: pytest.FixtureRequest) -> proxies.Start:
    """Starts a real proxy with the shipped configuration."""
    found: proxies.Start = getattr(proxies, request.param)
    return found


@pytest.fixture(scope="module")
def proxy(start: proxies.Start, site: Site) -> Iterator[int]:
    """The port of a proxy before the site."""
    with start(site.port) as port:
        yield port


@pytest.fixture
def mirror(start: proxies.Start) -> Iterator[int]:
    """The port of a proxy with little patience before an application that says what it was sent."""
    with (
        listening() as listener,
        serving(listener, gunicorn(listener, "tests.web_server.echo:application")),
        start(listener.getsockname()[1], head_seconds=1) as port,
    ):
        yield port


def signed_in(port: int, name: str = "lena") -> Browser:
    browser = Browser(port)
    assert browser.fill_in(LOGIN, login=name, password=PASSWORD).status == 302
    return browser


# -- alone --


@pytest.mark.parametrize("count", [8, 200])
def test_half_sent_requests_stop_nobody(site: Site, count: int) -> None:
    login = POST.format(path=LOGIN, headers="Content-Length: 5000\r\n").encode()
    with ExitStack() as stack:
        strangers = [
            stack.enter_context(connect(site.port, sent))
            for number in range(count)
            for sent in [(b"GET /accounts/login/ HTTP/1.1\r\nHost: loc", login + b"login=lena")[number % 2]]
        ]
        for _ in range(3):
            assert honest(site.port, LOGIN).status == 200
        assert all(map(is_silent, strangers)), "the attack was over before it was withstood"


@pytest.mark.parametrize(
    "path", [LOGIN, "/join/some-token/", UPLOAD, "/s/chest/settings/", "/accounts/logout/"]
)
@pytest.mark.parametrize("length", [400 * MEBIBYTE, 4 << 30])
def test_a_stranger_fills_neither_disk_nor_memory(site: Site, path: str, length: int) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    lies = "Cookie: __Host-session=abcdefghijklmnopqrstuvwxyz012345\r\n"
    head = POST.format(path=path, headers=f"{kind}{lies}Content-Length: {length}\r\n").encode()
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    honest(site.port, LOGIN)
    before, wrote = site.memory(), site.written()
    with connect(site.port, head + part) as sock:
        taken = len(part) + send_until_answered(sock, min(length, 400 * MEBIBYTE))
        assert status(sock.recv(1000)) == 413
        assert site.left_behind() == []
    assert taken < 10 * MEBIBYTE, "the server reads what it has refused"
    assert site.memory() - before < 8 * MEBIBYTE
    assert site.written() - wrote < MEBIBYTE


def send_until_answered(sock: socket.socket, length: int) -> int:
    """Send that much, or until an answer comes; what was taken."""
    sent, piece = 0, b"x" * MEBIBYTE
    sock.setblocking(False)
    while sent < length:
        readable, writable, _ = select.select([sock], [sock], [], PATIENCE)
        assert readable or writable, "the server neither takes nor answers"
        if readable:
            break
        sent += sock.send(piece[: length - sent])
    sock.settimeout(PATIENCE)
    return sent


def test_a_refusal_is_heard_by_who_stops_sending(site: Site) -> None:
    head = POST.format(path=LOGIN, headers=f"Content-Length: {400 * MEBIBYTE}\r\n").encode()
    answer = ask(site.port, head + b"x" * 100_000)
    assert status(answer) == 413
    assert b"more than may be sent here at once (64 kB)" in answer
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Transfer-Encoding: chunked\r\n", b"10\r\n" + b"x" * 16 + b"\r\n"),
        ("Content-Length: 5\r\nContent-Encoding: gzip\r\n", b"\x1f\x8b\x08\0\0"),
        (
            "Content-Length: 60000\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            b"a=1&" * 10_000 + b"x" * 20_000,
        ),
        (
            "Content-Length: 60000\r\nContent-Type: multipart/form-data; boundary=x\r\n",
            (b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n\r\n' * 1000)[:60_000],
        ),
    ],
    ids=["endless chunks", "compressed", "10,000 fields", "1,000 files"],
)
def test_bodies_of_no_honest_form_are_refused(site: Site, headers: str, body: bytes) -> None:
    headers += f"Cookie: __Host-csrf={'a' * 32}\r\nConnection: close\r\n"
    answer = ask(site.port, POST.format(path=LOGIN, headers=headers).encode() + body)
    assert status(answer) == 400
    assert site.left_behind() == []


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "consilium.example@evil", ""])
def test_another_host_name_is_refused(site: Site, host: str) -> None:
    for path in (LOGIN, "/healthz"):
        answer = ask(site.port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert status(answer) == 400
    lie = b"GET /s/chest/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil\r\nConnection: close\r\n\r\n"
    assert b"evil" not in ask(site.port, lie)


# -- behind a proxy --


@pytest.mark.services
def test_people_log_in_read_and_upload_through_a_proxy(proxy: int, site: Site) -> None:
    browser = signed_in(proxy)
    for name in ("__Host-session", "__Host-csrf"):
        cookie = browser.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (
            True,
            True,
            "/",
            "",
        )
        assert cookie["samesite"] == "Lax"
    page = browser.get("/s/chest/imports/")
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"]
    for _ in range(2):
        for path in static_files(page.text):
            file = browser.get(path)
            assert file.status == 200
            assert "immutable" in file.headers["Cache-Control"]
            assert file.headers["X-Content-Type-Options"] == "nosniff"
            assert not file.headers["Set-Cookie"]
    source = (
        sqlite3.connect(site.home / "consilium.sqlite3").execute("SELECT id FROM curation_source").fetchone()
    )
    picture = noise(1) + b"\0" * (3 * MEBIBYTE)
    done = browser.upload(UPLOAD, picture, source=str(source[0]))
    assert done.status == 302
    assert done.headers["Location"].startswith("/s/chest/imports/")
    (area,) = (site.home / "uploads").iterdir()
    assert [path.read_bytes() for path in area.iterdir()] == [picture]
    shutil.rmtree(area)


def static_files(page: str) -> list[str]:
    found = [part.split('"')[0] for part in page.split('="/static/')[1:]]
    assert found
    return [f"/static/{path}" for path in found]


@pytest.mark.services
def test_no_path_leads_out_of_the_static_files(proxy: int, site: Site) -> None:
    key = (site.home / "keys" / "signing.key").read_text().strip()
    for path in (
        "/static../keys/signing.key",
        "/static/../keys/signing.key",
        "/static/../../keys/signing.key",
        "/static/%2e%2e/keys/signing.key",
        "/static/..%2fsecret.key",
        "/static/%252e%252e/keys/signing.key",
        "/static/..;/keys/signing.key",
        "//static/../keys/signing.key",
        "/static/.%00./keys/signing.key",
    ):
        answer = Browser(proxy).get(path)
        assert answer.status in (302, 400, 404), path
        assert key not in answer.text


@pytest.mark.services
def test_what_a_client_says_about_itself_is_replaced(mirror: int) -> None:
    lies = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=10.9.9.9;host=evil.example;proto=http",
        "X-Real-IP": "10.9.9.9",
    }
    seen = Browser(mirror).get("/environ", **lies).text
    assert "HTTP_X_FORWARDED_FOR=127.0.0.1\n" in seen
    assert "HTTP_X_FORWARDED_PROTO=https\n" in seen
    assert f"HTTP_HOST={proxies.NAME}\n" in seen
    assert "10.9.9.9" not in seen
    assert "evil" not in seen


@pytest.mark.services
def test_limits_of_bodies_hold_at_a_proxy(proxy: int, site: Site) -> None:
    for path, length in ((LOGIN, 65_537), ("/s/chest/settings/", 3 * MEBIBYTE), (UPLOAD, 20 * MEBIBYTE)):
        # A connection that ends while its client still sends may take the answer with it (0).
        assert refused_by(proxy, path, length) in (413, 0), path
    assert site.left_behind() == []


def refused_by(port: int, path: str, length: int) -> int:
    try:
        return Browser(port).ask("POST", path, b"x" * length).status
    except (OSError, http.client.HTTPException):
        return 0


@pytest.mark.services
def test_half_sent_requests_stop_nobody_at_a_proxy(proxy: int) -> None:
    browser = Browser(proxy)
    with ExitStack() as stack:
        for number in range(100):
            sock = stack.enter_context(browser.connect())
            sock.sendall(f"POST {LOGIN} HTTP/1.1\r\nHost: {proxies.NAME}\r\n".encode())
            if number % 2:
                sock.sendall(b"Content-Length: 5000\r\n\r\nlogin=lena")
        for _ in range(3):
            assert browser.get(LOGIN).status == 200


@pytest.mark.services
def test_a_head_that_does_not_end_is_cut_by_a_proxy(mirror: int) -> None:
    with Browser(mirror).connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert status(rest(sock)) in (0, 408)


@pytest.mark.services
def test_nginx_limits_the_pace_of_an_address_at_the_entrance(site: Site) -> None:
    with proxies.nginx(site.port) as port:
        browser = Browser(port)
        got = [browser.get(LOGIN).status for _ in range(70)]
        assert got[0] == 200
        assert got[-1] == 429
        assert browser.get("/").status == 302
