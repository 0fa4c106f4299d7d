"""Job kinds that exist only for the tests of this room."""

from collections.abc import Iterator
from contextlib import contextmanager

from consilium.jobs import registry
from consilium.jobs.registry import Handler, JobKind


@contextmanager
def kind(handler: Handler, name: str = "test.job", **fields: int) -> Iterator[JobKind]:
    """A kind that is known inside the block."""
    made = JobKind(name=name, label="A test", handler=handler, **fields)  # type: ignore[arg-type]
    registry.register(made)
    try:
        yield made
    finally:
        registry._kinds.pop(name)
