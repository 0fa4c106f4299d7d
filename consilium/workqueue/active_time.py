"""Active time: what the browser counted, bounded by what the clock allows."""

from datetime import datetime


def bounded_seconds(*, reported: int, stored: int, since: datetime, now: datetime) -> int:
    """Active seconds to store: never less than before, never growing faster than the wall clock.

    `stored` was true at `since` (the last heartbeat); `reported` counts from the first sitting on.
    """
    elapsed = max(0, int((now - since).total_seconds()))
    return max(stored, min(reported, stored + elapsed))
