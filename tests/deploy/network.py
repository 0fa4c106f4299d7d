"""Hosts of their own on one machine: network namespaces on two bridges, gone at the end (Linux, root).

The bridges lie in a namespace too, so that nothing of this machine's own network is touched.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.processes import dies_with_parent

FRONT, BACK = "front", "back"
# In a mount and a host name of its own: the names of the others, then the command in the same process.
ENTER = 'mount --bind "$1" /etc/hosts && hostname "$2" && shift 2 && exec "$@"'
GONE_SECONDS = 10.0
CLONE_NEWNET = 0x40000000


class NotPermitted(RuntimeError):
    """This user or this machine may not make network namespaces; one sentence says what is missing."""


def check_permitted() -> None:
    """Raise NotPermitted where a namespace with a link into it cannot be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotPermitted("Network namespaces need Linux and root (CAP_NET_ADMIN and CAP_SYS_ADMIN).")
    name = f"probe{os.getpid()}"
    try:
        _ip("netns", "add", name)
        try:
            _ip("-n", name, "link", "add", "probe", "type", "veth", "peer", "name", "peer")
            _ip("-n", name, "link", "add", "switch", "type", "bridge")
            _ip("netns", "exec", name, "unshare", "--mount", "--uts", "true")
        finally:
            _ip("netns", "delete", name)
    except (OSError, subprocess.CalledProcessError) as problem:
        said = str(getattr(problem, "stderr", "") or problem).strip().splitlines()
        raise NotPermitted(
            f"This machine does not permit network namespaces ({said[-1] if said else 'no reason given'})."
        ) from None


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
    return done.stdout


@dataclass
class Host:
    """One namespace: `addresses` by bridge. Files of the host lie in `folder`."""

    name: str
    namespace: str
    folder: Path
    addresses: dict[str, str]
    links: list[tuple[str, str]] = field(default_factory=list)  # bridge, port on the switch

    def pids(self) -> list[int]:
        """Processes that live on the host."""
        return list(map(int, _ip("netns", "pids", self.namespace).split()))


class Network:
    """Two bridges and the hosts on them: people see the front, databases the back, web processes both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = f"cd{os.getpid() % 100_000}"
        self._switch = f"{self._mark}-switch"
        self._hosts_file = folder / "hosts"
        self.hosts: dict[str, Host] = {}

    def build(self, plan: Mapping[str, Mapping[str, str]]) -> None:
        """Make the hosts of {name: {bridge: address}}; an address is 10.77.1.x or 10.77.2.x."""
        _ip("netns", "add", self._switch)
        for bridge in (FRONT, BACK):
            _ip("-n", self._switch, "link", "add", bridge, "type", "bridge")
            _ip("-n", self._switch, "link", "set", bridge, "up")
        for name, addresses in plan.items():
            folder = self._folder / name
            folder.mkdir()
            folder.chmod(0o755)
            self.hosts[name] = Host(name, f"{self._mark}-{name}", folder, dict(addresses))
            self._plug_in(self.hosts[name])
        # Who lies on both is known behind by the address there: the database sees no other.
        known = {name: places.get(BACK) or places[FRONT] for name, places in plan.items()}
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in known.items())]
        self._hosts_file.write_text("\n".join(lines) + "\n")
        self._hosts_file.chmod(0o644)

    def _plug_in(self, host: Host) -> None:
        _ip("netns", "add", host.namespace)
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        host.links = []
        for bridge, address in host.addresses.items():
            port = f"{host.name[:10]}-{bridge[0]}"
            _ip("-n", self._switch, "link", "add", port, "type", "veth",
                "peer", "name", bridge, "netns", host.namespace)  # fmt: skip
            _ip("-n", self._switch, "link", "set", port, "master", bridge, "up")
            _ip("-n", host.namespace, "link", "set", bridge, "address", _card(address))
            _ip("-n", host.namespace, "address", "add", f"{address}/24", "dev", bridge)
            _ip("-n", host.namespace, "link", "set", bridge, "up")
            host.links.append((bridge, port))

    def add_addresses(self, name: str, addresses: Sequence[str]) -> None:
        """More addresses of a host on the front."""
        for address in addresses:
            _ip("-n", self.hosts[name].namespace, "address", "add", f"{address}/24", "dev", FRONT)

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a command on a host; what it says goes to `log` in the host's folder."""
        host = self.hosts[name]
        entered = ["ip", "netns", "exec", host.namespace, "unshare", "--mount", "--uts",
                   "sh", "-c", ENTER, "sh", str(self._hosts_file), name, *command]  # fmt: skip
        with (host.folder / "log").open("ab") as log:
            return subprocess.Popen(
                entered,
                cwd=cwd or host.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )

    def dial(self, name: str, address: str, port: int, seconds: float = 5.0) -> socket.socket:
        """A connection that a host opens. Raises OSError."""
        with _inside(self.hosts[name].namespace):
            line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            line.settimeout(seconds)
            line.connect((address, port))
        except OSError:
            line.close()
            raise
        return line

    def listens(self, name: str, address: str, port: int) -> bool:
        """Whether a host reaches that port."""
        try:
            self.dial(name, address, port, 1.0).close()
        except OSError:
            return False
        return True

    def kill(self, name: str, spared: "subprocess.Popen[bytes] | None" = None) -> None:
        """Every process of the host ends at once, as by kill -9; its system lives and says so to others."""
        host, deadline = self.hosts[name], time.monotonic() + GONE_SECONDS
        while pids := [pid for pid in host.pids() if spared is None or pid != spared.pid]:
            for pid in pids:
                _kill(pid)
            _bury(pids)
            if time.monotonic() > deadline:
                raise RuntimeError(f"Processes of {name} do not end: {pids}.")
            time.sleep(0.02)

    def unplug(self, name: str, *bridges: str) -> None:
        """The switch carries nothing to and from the host on these bridges any more; nobody is told."""
        self._set_ports(name, bridges, "down")

    def plug(self, name: str, *bridges: str) -> None:
        """The switch carries again."""
        self._set_ports(name, bridges, "up")

    def _set_ports(self, name: str, bridges: Sequence[str], state: str) -> None:
        for bridge, port in self.hosts[name].links:
            if bridge in bridges:
                _ip("-n", self._switch, "link", "set", port, state)

    def power_off(self, name: str) -> None:
        """The host is gone, its connections with it, and nobody is told."""
        host = self.hosts[name]
        self.unplug(name, FRONT, BACK)
        self.kill(name)
        for _, port in host.links:
            _ip("-n", self._switch, "link", "delete", port)
        _ip("netns", "delete", host.namespace)

    def power_on(self, name: str) -> None:
        """The host is there again under its address, and knows nothing of its connections."""
        self._plug_in(self.hosts[name])

    def close(self) -> None:
        """End all processes and remove every namespace; doing it again is harmless."""
        there = namespaces()
        for host in self.hosts.values():
            if host.namespace in there:
                self.kill(host.name)
                _ip("netns", "delete", host.namespace)
        if self._switch in there:
            _ip("netns", "delete", self._switch)

    def left_behind(self) -> list[str]:
        """Namespaces of this network that are still there."""
        return [name for name in namespaces() if name.startswith(f"{self._mark}-")]


@contextmanager
def _inside(namespace: str) -> Iterator[None]:
    """This thread makes its sockets in that namespace; they stay there."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    away = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if setns(away, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            setns(home, CLONE_NEWNET)
    finally:
        os.close(home)
        os.close(away)


def namespaces() -> set[str]:
    """The named network namespaces of this machine."""
    return {line.split()[0] for line in _ip("netns", "list").splitlines() if line}


def marked_processes(mark: str) -> list[int]:
    """Processes, in whatever namespace, that were started with this text in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def _card(address: str) -> str:
    """The hardware address that goes with an address: a host keeps it, or nobody finds it again."""
    return "02:77:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _bury(pids: Sequence[int]) -> None:
    """Take the ends of those that are children of this process, or they stay as zombies."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
