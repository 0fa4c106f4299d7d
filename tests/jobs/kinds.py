"""Job kinds that exist only for the tests of this room."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from consilium.jobs import registry
from consilium.jobs.registry import Handler, JobKind


@contextmanager
def kind(handler: Handler, name: str = "test.job", **fields: Any) -> Iterator[JobKind]:
    """A kind that is known inside the block; the site itself may ask for it."""
    made = JobKind(name=name, label="A test", handler=handler, **{"needs_nobody": True} | fields)
    registry.register(made)
    try:
        yield made
    finally:
        registry._kinds.pop(name)
