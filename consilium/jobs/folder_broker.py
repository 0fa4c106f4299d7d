"""The embedded broker: kombu's filesystem transport, made safe against files that are half written.

kombu writes a message under its final name, so a worker may read it half written, and that error ends the
worker. Here a message appears whole (temporary name, rename) and an unreadable one is dropped: it only rang.
kombu also keeps bindings in files, which a kill can leave empty for ever: here an exchange is its queue.
"""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.virtual import Empty

log = structlog.get_logger(__name__)
SCHEME = "consilium-folder"
KEPT = 200
ATTENTION = 0.2  # seconds


class Channel(filesystem.Channel):
    """Reads and writes message files."""

    def get_table(self, exchange: str) -> list[Any]:
        """The one binding of an exchange: the queue of the same name."""
        return [filesystem.exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Bindings are not stored."""

    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = str(uuid4())
        draft = folder / f".new-{name}"
        draft.write_text(json.dumps(payload))
        draft.replace(folder / f"{time.time_ns()}_{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)  # type: ignore[no-untyped-call]
        except (ValueError, ChannelError):
            log.warning("broker.unreadable_message", queue=queue)
            raise Empty from None


class Transport(filesystem.Transport):
    """The transport that `consilium.celery` uses without BROKER_URL."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """Wait for one message, but not as long as Celery would: meanwhile it hears no request to stop."""
        wait: Any = super().drain_events
        return wait(connection, timeout=min(timeout or ATTENTION, ATTENTION), **kwargs)


def register_transport() -> None:
    """Make `consilium-folder://` known to kombu."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def options(home: Path, polling_seconds: float) -> dict[str, Any]:
    """kombu's transport options for folders under `home`, which are made here.

    Sender and receiver share one host, so messages are written to and read from the same folder.
    """
    folders = {name: home / "broker" / name for name in ("messages", "heard", "control")}
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "store_processed": True,  # else kombu moves messages through the shared /tmp
        "processed_folder": str(folders["heard"]),
        "control_folder": str(folders["control"]),
        "polling_interval": polling_seconds,
    }


def forget_heard(home: Path) -> None:
    """Delete messages that were read, but for the newest few."""
    folder = home / "broker" / "heard"
    if folder.is_dir():
        for path in sorted(folder.iterdir())[:-KEPT]:
            path.unlink(missing_ok=True)
