"""Background work of this app: each task calls one use case."""

from typing import Any

from consilium.jobs.handle import JobHandle
from consilium.jobs.registry import JobKind, register


def import_files(handle: JobHandle) -> dict[str, Any]:
    """Rebuild and store what was uploaded."""
    from curation.imports.run import run_import

    return run_import(handle)


def write_traces(handle: JobHandle) -> dict[str, Any]:
    """Ask a teacher model for traces."""
    from curation.traces.generate import run_tracing

    return run_tracing(handle)


def open_trace_reviews(handle: JobHandle) -> dict[str, Any]:
    """Put many traces on the review queue."""
    from curation.traces.review import run_opening

    return run_opening(handle)


def export_release(handle: JobHandle) -> dict[str, Any]:
    """Write a release into the exports folder."""
    from curation.releases.export import run_export

    return run_export(handle)


def freeze_release(handle: JobHandle) -> dict[str, Any]:
    """Freeze the rows of a large release."""
    from curation.releases.freeze_job import run_freeze

    return run_freeze(handle)


def register_all() -> None:
    """Make the kinds of this app known."""
    register(JobKind(name="curation.import", label="Importing files", handler=import_files))
    register(JobKind(name="curation.trace", label="Writing traces", handler=write_traces, queue="gpu"))
    register(JobKind(name="curation.open_reviews", label="Opening a round", handler=open_trace_reviews))
    register(JobKind(name="curation.freeze", label="Freezing a release", handler=freeze_release))
    register(JobKind(name="curation.export", label="Exporting a release", handler=export_release))
