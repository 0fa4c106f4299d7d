"""A deployment as compose.yaml describes it, each part on a host of its own; web and workers twice."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from tests.deploy import compose
from tests.deploy.compose import ROOT
from tests.deploy.network import BACK, FRONT, Network
from tests.harness.object_store import BUCKET, UNSIGNED
from tests.harness.proxies import AROUND, NAME, certificate
from tests.harness.servers import UNPRIVILEGED, _binary, _exists

WEB, WORKERS = ("web-1", "web-2"), ("worker-1", "worker-2")
PLAN = {
    "people": {FRONT: "10.77.1.100"},
    "proxy": {FRONT: "10.77.1.10"},
    "web-1": {FRONT: "10.77.1.11", BACK: "10.77.2.11"},
    "web-2": {FRONT: "10.77.1.12", BACK: "10.77.2.12"},
    "worker-1": {BACK: "10.77.2.21"},
    "worker-2": {BACK: "10.77.2.22"},
    "database": {BACK: "10.77.2.31"},
    "broker": {BACK: "10.77.2.32"},
    "store": {BACK: "10.77.2.33"},
}
# Five clinics, each behind one address, share the proxy's limits among ten people.
CLINICS = [f"10.77.1.{101 + number}" for number in range(5)]
START_SECONDS = 90.0
STORE_PORT, KEPT_PORT = 9000, 9001
# What listens for the store: it can be killed, while moto behind it keeps what it holds in memory.
STORE_FRONT = """
server {{
    listen {port};
    client_max_body_size 0;
    location / {{
        proxy_pass http://127.0.0.1:{kept};
        proxy_set_header Host $http_host;
        proxy_http_version 1.1;
        proxy_request_buffering off;
    }}
}}
"""
JOB_LEASE = "6"  # of a dead worker; compose.yaml leaves it at half a minute, for which nobody waits here


class NotReady(RuntimeError):
    """A part did not come up in time."""


def wait_for(true: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> float:
    """Poll until it is true; the seconds it took. Raises NotReady."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise NotReady(f"After {seconds:.0f} s still not: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Deployment:
    """All parts; `processes` are the main ones by host. `mark` stands in the environment of each process."""

    folder: Path
    network: Network
    values: dict[str, str]
    mark: str = field(default_factory=lambda: f"CONSILIUM_DEPLOYMENT={secrets.token_hex(8)}")
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    kept: "subprocess.Popen[bytes] | None" = None
    credentials: dict[str, str] = field(default_factory=dict)

    # -- where things are --

    def data_folder(self, host: str) -> Path:
        """CONSILIUM_HOME of a host, which no other host sees: what they share lies in the object store."""
        return self.folder / host / "data"

    def environment(self, service: str, host: str) -> dict[str, str]:
        """As compose.yaml gives it, with folders of this machine in place of volumes."""
        folders = {
            "CONSILIUM_HOME": self.data_folder(host),
            "CONSILIUM_KEYS": self.folder / host / "keys",
            "CONSILIUM_ANCHORS": self.folder / host / "anchors",
        }
        given = compose.environment(service, self.values)
        assert set(folders) < set(given), "compose.yaml names these folders"
        return {
            **given,
            **{key: str(path) for key, path in folders.items()},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CONSILIUM_OBJECT_STORE": f"s3://{BUCKET}/hospital",
            "CONSILIUM_OBJECT_STORE_ENDPOINT": f"http://store:{STORE_PORT}",
            **self.credentials,
            "CONSILIUM_JOB_LEASE": JOB_LEASE,
            "OMP_NUM_THREADS": "1",
            "DJANGO_SETTINGS_MODULE": "consilium.settings",
            **self._marked(),
        }

    def _marked(self) -> dict[str, str]:
        name, _, value = self.mark.partition("=")
        return {name: value}

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database's administrator sees, through its socket: no network lies between."""
        server = psycopg2.connect(host=str(self.folder / "database"), user="consilium", dbname="consilium")
        with closing(server), server.cursor() as cursor:
            cursor.execute(statement, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def manage(self, *words: str, host: str = "web-1") -> str:
        """The output of a command of manage.py on a host."""
        return self.run_on(host, ["python", "manage.py", *words])

    def run_on(self, host: str, command: Sequence[str], service: str = "web") -> str:
        """The output of a command with a service's environment; it has to succeed."""
        log = self.folder / host / "log"
        start = log.stat().st_size if log.exists() else 0
        process = self.network.start(host, command, env=self.environment(service, host), cwd=ROOT)
        status = process.wait(300)
        said = log.read_bytes()[start:].decode(errors="replace")
        if status:
            raise NotReady(f"{' '.join(command)} on {host} ended with {status}: {said[-2000:]}")
        return said

    def begin_on(self, host: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a program of ours beside the part of a host."""
        return self.network.start(host, command, env=self.environment("web", host), cwd=ROOT)

    # -- the parts --

    def start(self, host: str) -> float:
        """Start the part of a host and wait until it serves; the seconds it took."""
        starts = {
            "database": self._start_database,
            "broker": self._start_broker,
            "proxy": self._start_proxy,
            "store": self._start_store,
            **dict.fromkeys(WEB, self._start_web),
            **dict.fromkeys(WORKERS, self._start_worker),
        }
        began = time.monotonic()
        starts[host](host)
        return time.monotonic() - began

    def kill(self, host: str) -> None:
        """End everything on a host at once, as kill -9 does; of the store what listens."""
        self.network.kill(host, spared=self.kept if host == "store" else None)
        self._bury(host)

    def kill_main(self, host: str) -> None:
        """End the main process of a host at once; its children have to end by themselves."""
        self.processes[host].kill()
        self._bury(host)

    def power_off(self, host: str) -> None:
        """The host is gone without a word to those it talked to."""
        self.network.power_off(host)
        self._bury(host)

    def _bury(self, host: str) -> None:
        self.processes[host].wait(10)

    def _start_database(self, host: str) -> None:
        folder, user = self.folder / host, next(filter(_exists, UNPRIVILEGED))
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL"]
        data, env = folder / "data", {"HOME": str(folder), **self._marked()}
        is_new = not data.exists()
        if is_new:
            shutil.chown(folder, user, user)
            make = [*drop, _binary("initdb"), "-D", str(data), "-U", "consilium", "-A", "trust", "-E", "UTF8",
                    "--no-sync", "--no-instructions"]  # fmt: skip
            subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder)
            rules = "local all all trust\nhost consilium all 10.77.2.0/24 scram-sha-256\n"
            (data / "pg_hba.conf").write_text(rules)
        serve = [*drop, _binary("postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=*"]
        self.processes[host] = self.network.start(host, serve, env=env)
        wait_for(lambda: self._database_answers("postgres"), "the database answers")
        if is_new:
            with closing(psycopg2.connect(host=str(folder), user="consilium", dbname="postgres")) as server:
                server.autocommit = True
                with server.cursor() as cursor:
                    cursor.execute("CREATE DATABASE consilium")
                    cursor.execute("ALTER ROLE consilium PASSWORD %s", [self.values["POSTGRES_PASSWORD"]])

    def _database_answers(self, name: str) -> bool:
        try:
            psycopg2.connect(host=str(self.folder / "database"), user="consilium", dbname=name).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _start_broker(self, host: str) -> None:
        env = self._marked()
        self.processes[host] = self.network.start(host, compose.command("broker", self.values), env=env)
        wait_for(
            lambda: self.says("worker-1", host, 6379, b"PING\r\n").startswith(b"-NOAUTH"), "Redis answers"
        )

    def _start_web(self, host: str) -> None:
        command = compose.command("web", self.values)
        env = self.environment("web", host)
        self.processes[host] = self.network.start(host, command, env=env, cwd=ROOT)
        asked = f"GET /readyz HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode()
        wait_for(lambda: b" 200 " in self.says("proxy", host, 8000, asked)[:20], f"{host} is ready")

    def _start_worker(self, host: str) -> None:
        log = self.folder / host / "log"
        start = log.stat().st_size if log.exists() else 0
        command = compose.command("worker", self.values)
        env = self.environment("worker", host)
        self.processes[host] = self.network.start(host, command, env=env, cwd=ROOT)
        wait_for(lambda: b"worker.ready" in log.read_bytes()[start:], f"{host} is ready")

    def _start_proxy(self, host: str) -> None:
        folder = self.folder / host
        if not (folder / "certificate").exists():
            (folder / "certificate").mkdir()
            pem, key = certificate(folder / "certificate")
            pem.rename(pem.with_name("fullchain.pem"))
            key.rename(key.with_name("privkey.pem"))
        text = compose.nginx_configuration(self.values)
        changes = {
            "server web:8000;": " ".join(f"server {PLAN[name][FRONT]}:8000;" for name in WEB),
            "/certificate/": f"{folder}/certificate/",
            "/var/cache/nginx/consilium": f"{folder}/cache",
        }
        for old, new in changes.items():
            assert old in text, f"the proxy's configuration no longer says {old}"
            text = text.replace(old, new)
        (folder / "consilium.conf").write_text(text)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        self._start_nginx(host)
        wait_for(lambda: self.network.listens("people", PLAN[host][FRONT], 443), "the proxy listens")

    def _start_store(self, host: str) -> None:
        folder = self.folder / host
        if self.kept is None:
            moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(KEPT_PORT)]
            env = {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNSIGNED), **self._marked()}
            self.kept = self.network.start(host, moto, env=env, cwd=ROOT)
            made = self.run_on(host, ["python", "-m", "tests.deploy.store_user", str(KEPT_PORT)])
            self.credentials = json.loads(made.strip().splitlines()[-1])
        (folder / "consilium.conf").write_text(STORE_FRONT.format(port=STORE_PORT, kept=KEPT_PORT))
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        self._start_nginx(host)
        wait_for(lambda: self.network.listens("web-1", PLAN[host][BACK], STORE_PORT), "the store listens")

    def _start_nginx(self, host: str) -> None:
        folder = self.folder / host
        serve = [
            _binary("nginx"), "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"
        ]  # fmt: skip
        self.processes[host] = self.network.start(host, serve, env=self._marked())

    def says(self, asker: str, host: str, port: int, asked: bytes) -> bytes:
        """What the port of a host answers to a host that asks; empty for nothing."""
        places = PLAN[host]
        address = places[FRONT] if FRONT in PLAN[asker] else places[BACK]
        try:
            with self.network.dial(asker, address, port) as line:
                line.sendall(asked)
                return line.recv(4096)
        except OSError:
            return b""

    def log(self, host: str) -> str:
        """What the processes of a host said."""
        return (self.folder / host / "log").read_text(errors="replace")


def prepare(site: Deployment, readers: int, cases: int) -> None:
    """The database's roles and tables, by the commands of compose.yaml, and what the readers find."""
    for host in ("people", "store", *WEB, *WORKERS):
        site.data_folder(host).mkdir(mode=0o700)
    site.start("database")
    site.start("broker")
    site.start("store")
    site.run_on("web-1", compose.command("prepare", site.values), "prepare")
    site.run_on("web-1", ["python", "-m", "tests.deploy.seed", str(readers), str(cases)])
    for host in (*WEB[1:], *WORKERS):  # keys are handed out, they are in no folder that hosts share
        shutil.copytree(site.folder / "web-1" / "keys", site.folder / host / "keys")
    site.manage("collectstatic", "--noinput", "--verbosity", "0", host=WEB[1])


@contextmanager
def deployed(folder: Path, readers: int, cases: int) -> Iterator[Deployment]:
    """A deployment that runs, and leaves neither process nor namespace. `folder` is empty."""
    folder.chmod(0o711)  # servers that are not root have folders of their own in it
    secret = {name: secrets.token_urlsafe(16) for name in ("APP", "READER", "OWNER", "REDIS")}
    values = {
        "CONSILIUM_HOSTS": NAME,
        "CONSILIUM_ORIGINS": f"https://{NAME}",
        "CONSILIUM_CERTIFICATE": "/certificate",
        "CONSILIUM_APP_PASSWORD": secret["APP"],
        "POSTGRES_PASSWORD": secret["OWNER"],
        "REDIS_PASSWORD": secret["REDIS"],
        "DATABASE_READER_URL": f"postgresql://consilium_reader:{secret['READER']}@database/consilium",
    }
    network = Network(folder)
    try:
        network.build(PLAN)
        network.add_addresses("people", CLINICS)
        site = Deployment(folder, network, values)
        prepare(site, readers, cases)
        for host in (*WEB, *WORKERS, "proxy"):
            site.start(host)
        yield site
    finally:
        network.close()
