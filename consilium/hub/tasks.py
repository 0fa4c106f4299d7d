"""Background work of this room: each task calls one use case."""

from typing import Any

from consilium.jobs.handle import JobHandle


def push_content(handle: JobHandle) -> dict[str, Any]:
    """Bring a content to the Hub."""
    from consilium.hub.push_job import run_hub_push

    return run_hub_push(handle)


def check_token(handle: JobHandle) -> dict[str, Any]:
    """Ask the Hub what the token may do."""
    from consilium.hub.tokens import run_check

    return run_check(handle)
