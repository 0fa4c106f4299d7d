"""Loopback ports: a free one, and whether a process listens on one (Linux: /proc)."""

import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
LISTENING = "0A"


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listens(pid: int, port: int) -> bool:
    """Whether that process itself listens on the port: a stranger on the port must get no requests."""
    inodes = _listening_inodes(port)
    try:
        return any(_socket_inode(entry) in inodes for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # the process is gone
        return False


def _listening_inodes(port: int) -> set[str]:
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == LISTENING}


def _socket_inode(entry: Path) -> str:
    try:
        return str(entry.readlink()).removeprefix("socket:[").removesuffix("]")
    except OSError:  # closed meanwhile
        return ""
