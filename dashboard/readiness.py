"""Whether this process can serve now: what proxies and container runtimes ask every few seconds."""

import threading
import time

import structlog
from django.core.checks import CheckMessage

from consilium.blobs.blob_store import StoreAway
from consilium.blobs.probe import MARK
from consilium.blobs.site_store import site_store
from consilium.start import DATABASE_AWAY, in_words
from dashboard import checks

log = structlog.get_logger(__name__)
KEPT_SECONDS = 2.0
PARTS = (
    checks.check_home,
    checks.check_database,
    checks.check_future,
    checks.check_migrations,
    checks.check_triggers,
)


class _Kept:
    """The last answer. One thread at a time looks anew, so that many askers are no load."""

    def __init__(self) -> None:
        self.until = 0.0
        self.ids: list[str] | None = None
        self.problems = ["It has not been looked yet."]
        self.looks = threading.Lock()


_kept = _Kept()


def problems() -> list[str]:
    """Why this process cannot serve, for an operator; empty when it can. Kept for some seconds."""
    if time.monotonic() >= _kept.until and _kept.looks.acquire(blocking=_kept.ids is None):
        try:
            _look()
        finally:
            _kept.looks.release()
    return _kept.problems


def store_answers() -> bool:
    """Whether stored files can be read. Where not, this process still serves: votes need none."""
    try:
        site_store().size(MARK)
    except (StoreAway, OSError):
        return False
    return True


def look_anew() -> None:
    """Have the next call look anew."""
    _kept.until = 0.0


def _look() -> None:
    found = _errors()
    ids = [str(message.id) for message in found]
    if ids != (_kept.ids or []):
        log.warning("readiness.changed", ready=not ids, findings=ids)
    _kept.ids, _kept.problems = ids, [in_words(message) for message in found]
    _kept.until = time.monotonic() + KEPT_SECONDS


def _errors() -> list[CheckMessage]:
    found = list[CheckMessage]()
    for check in PARTS:
        found += check(None, databases=["default"])
        if any(message.id == DATABASE_AWAY for message in found):  # the others would wait for it again
            break
    return [message for message in found if message.is_serious()]
