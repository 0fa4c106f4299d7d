"""Background work that touches several apps."""

from consilium.jobs.registry import JobKind, register
from dashboard.demo.fill import fill_demo


def register_jobs() -> None:
    """Make the room's job kinds known."""
    register(
        JobKind(
            "site.demo",
            "Filling the demo study",
            fill_demo,
            queue="gpu",
            max_attempts=10,
            roles=frozenset(),
            needs_nobody=True,
        )
    )
