"""`python -m tests.harness.systemctl start NAME...`: plays systemd with the services of docs/deploy.

SITE holds consilium.env and gets a log and a pid file for each service; PORT stands for the port 8000. As
systemd does, it starts what ExecStart says in an environment that has nothing of the caller's, does not wait
until a service answers, and at the end asks the main process alone and waits for it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

UNITS = Path(__file__).resolve().parents[2] / "docs" / "deploy"
INSTALLED = "/srv/consilium/app/.venv/bin"
# What the machine has, of which the test's own machine has another.
MACHINE = ("HOME", "LANG", "SSL_CERT_FILE", "OMP_NUM_THREADS")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def service_of(name: str) -> dict[str, str]:
    """The section [Service] of a unit, with its instance put in."""
    template, at, instance = name.partition("@")
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(UNITS / f"{template}{at}.service")
    return {key: value.replace("%i", instance) for key, value in unit["Service"].items()}


def settings_in(path: Path) -> dict[str, str]:
    """NAME=value in each line; quotes around a value go."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line.strip())
    return {name: value.strip("'") for name, _, value in pairs}


def start(site: Path, name: str) -> None:
    """Start a service and look no further."""
    service = service_of(name)
    own = settings_in(site / "consilium.env")
    if "Environment" in service:
        variable, _, value = service["Environment"].partition("=")
        own[variable] = value
    line = service["ExecStart"].replace(INSTALLED, str(Path(sys.executable).parent))
    for variable, value in own.items():
        line = line.replace(f"${{{variable}}}", value)
    words = [word.replace("8000", os.environ["PORT"]) for word in shlex.split(line)]
    machine = {variable: os.environ[variable] for variable in MACHINE if variable in os.environ}
    with (site / f"{name}.log").open("a") as log:
        process = subprocess.Popen(
            words,
            cwd=UNITS.parents[1],
            env={"PATH": SYSTEM_PATH} | machine | own,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=int(service["UMask"], 8),
            start_new_session=True,
        )
    (site / f"{name}.pid").write_text(str(process.pid))


def stop(site: Path, name: str) -> None:
    """Ask a service to end and wait as long as its unit allows."""
    pid, deadline = int((site / f"{name}.pid").read_text()), time.monotonic()
    deadline += float(service_of(name)["TimeoutStopSec"])
    if runs(pid):
        os.kill(pid, signal.SIGTERM)
    while runs(pid):
        if time.monotonic() > deadline:
            sys.exit(f"{name} did not end in time")
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main(verb: str, *words: str) -> None:
    """Do what the command line says."""
    site, names = Path(os.environ["SITE"]), [word for word in words if not word.startswith("-")]
    if verb not in {"start", "stop", "restart", "enable"} or not names:
        sys.exit(f"systemctl {verb}: not played here")
    for name in names:
        if verb in {"stop", "restart"}:
            stop(site, name)
        if verb != "stop":
            start(site, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
