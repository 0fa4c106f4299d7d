"""One installation in a folder of its own with real worker processes, for tests that kill them."""

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.harness.forked import run_python, server, start_python
from tests.harness.processes import dies_with_parent
from tests.harness.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
LEASE = 2.0
START_SECONDS = 40.0


class Worker:
    """A real `celery worker`."""

    def __init__(self, env: dict[str, str], log: Path, queue: str = "default") -> None:
        self.log = log
        command = ["-m", "celery", "--quiet", "--app=consilium", "worker", f"--queues={queue}"]
        flags = [
            "--pool=threads",
            "--concurrency=2",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
        ]
        self.process = start_python([*command, *flags, f"--hostname={log.stem}@%h"], env=env, log=log)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_ready(self) -> "Worker":
        wait_until(
            lambda: "worker.ready" in self.said() or self.process.poll() is not None,
            seconds=START_SECONDS,
            what="the worker is ready",
        )
        assert self.process.poll() is None, self.said()
        return self

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def is_stopped(self) -> bool:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Site:
    """A data folder, a process that plays the web side, and workers."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.env = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in {"DATABASE_URL", "BROKER_URL"}
            },
            "CONSILIUM_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
            "CONSILIUM_JOB_LEASE": str(LEASE),
            "CONSILIUM_JOB_RETRY": "0.1",
            "OMP_NUM_THREADS": "1",
            **environment,
        }
        self.workers: list[Worker] = []
        self._client: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> None:
        done = run_python(["manage.py", *arguments], env=self.env)
        assert done.returncode == 0, done.stderr

    def worker(self) -> Worker:
        self.workers.append(Worker(self.env, self.home / f"worker{len(self.workers)}.log"))
        return self.workers[-1]

    def freeze(self, worker: Worker) -> None:
        """Stop a worker between two transactions: inside one, SQLite lets nobody write until it goes on."""
        wait_until(
            lambda: self._stands_still(worker), seconds=30, what="the worker stands outside of writing"
        )

    def _stands_still(self, worker: Worker) -> bool:
        worker.send(signal.SIGSTOP)
        wait_until(worker.is_stopped, seconds=10, what="the worker is stopped")
        with closing(
            sqlite3.connect(self.home / "consilium.sqlite3", timeout=0, isolation_level=None)
        ) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                worker.send(signal.SIGCONT)
                return False
            other.execute("ROLLBACK")
            return True

    def ask(self, command: str, **given: Any) -> Any:
        if self._client is None:
            self._client = subprocess.Popen(
                [*server.command(), "-m", "tests.jobs.client"],
                cwd=ROOT,
                env=self.env,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )
        client = self._client
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(json.dumps({"command": command, **given}) + "\n")
        client.stdin.flush()
        return json.loads(client.stdout.readline())

    def enqueue(self, kind: str, **params: Any) -> str:
        job: str = self.ask("enqueue", kind=kind, params=params)
        return job

    def job(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("job", job=job)
        return found

    def wait_for(self, job: str, state: str, *, seconds: float = 30.0) -> dict[str, Any]:
        wait_until(lambda: self.job(job)["state"] == state, seconds=seconds, what=f"the job is {state}")
        return self.job(job)

    def trail(self, job: str) -> dict[str, str]:
        folder = self.home / "trail" / job
        return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}

    def wait_for_steps(self, job: str, count: int) -> None:
        wait_until(lambda: len(self.trail(job)) >= count, seconds=30, what=f"{count} steps are made")

    def close(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.kill()
        if self._client is not None:
            self._client.kill()
            self._client.communicate()
