"""Background work of this app: each task calls one use case."""

from typing import Any

from consilium.jobs.handle import JobHandle
from consilium.jobs.registry import JobKind, register


def import_files(handle: JobHandle) -> dict[str, Any]:
    """Rebuild and store what was uploaded."""
    from curation.importing import run_import

    return run_import(handle)


def register_all() -> None:
    """Make the kinds of this app known."""
    register(JobKind(name="curation.import", label="Importing files", handler=import_files))
