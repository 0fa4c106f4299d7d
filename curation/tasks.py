"""Background work of this app: each task calls one use case."""

from typing import Any

from consilium.jobs.handle import JobHandle
from consilium.jobs.registry import JobKind, register

LEFTOVERS = "curation.leftovers"


def import_files(handle: JobHandle) -> dict[str, Any]:
    """Rebuild and store what was uploaded."""
    from curation.imports.run import run_import

    return run_import(handle)


def fetch_files(handle: JobHandle) -> dict[str, Any]:
    """Fetch a dataset of the Hub and import it."""
    from curation.imports.from_hub import run_hub_import

    return run_hub_import(handle)


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


def preview_release(handle: JobHandle) -> dict[str, Any]:
    """Count what a release would hold."""
    from curation.releases.preview import run_preview

    return run_preview(handle)


def verify_release(handle: JobHandle) -> dict[str, Any]:
    """Check a release against its hashes."""
    from curation.releases.verify_job import run_verify

    return run_verify(handle)


def freeze_release(handle: JobHandle) -> dict[str, Any]:
    """Freeze the rows of a release."""
    from curation.releases.freeze_job import run_freeze

    return run_freeze(handle)


def delete_refused(handle: JobHandle) -> dict[str, Any]:
    """Delete pixels of refused images and texts of dropped questions."""
    from curation.images.purge import run_purge

    return run_purge(handle)


def delete_leftovers(handle: JobHandle) -> dict[str, Any]:
    """Delete what is kept for some days only."""
    from curation.leftovers import remove_leftovers

    return remove_leftovers(handle)


def count_facts(handle: JobHandle) -> dict[str, Any]:
    """Count what the datasheet of a large release says."""
    from curation.cards.kept_facts import summarise_facts

    return summarise_facts(handle)


def register_all() -> None:
    """Make the kinds of this app known."""
    register(JobKind("curation.facts", "Writing a datasheet", count_facts, needs_nobody=True))
    register(JobKind(name="curation.import", label="Importing files", handler=import_files))
    register(JobKind(name="curation.hub_import", label="Importing from the Hub", handler=fetch_files))
    register(JobKind(name="curation.trace", label="Writing traces", handler=write_traces, queue="gpu"))
    register(JobKind(name="curation.open_reviews", label="Opening a round", handler=open_trace_reviews))
    register(JobKind(name="curation.preview", label="Looking at what is ready", handler=preview_release))
    register(JobKind(name="curation.verify", label="Checking every hash", handler=verify_release))
    register(JobKind(name="curation.freeze", label="Freezing a release", handler=freeze_release))
    # A lead asks for a purge, or nobody does: the time of grace is over.
    register(
        JobKind(
            name="curation.purge", label="Deleting refused images", handler=delete_refused, needs_nobody=True
        )
    )
    register(
        JobKind(
            name=LEFTOVERS,
            label="Deleting what is no longer kept",
            handler=delete_leftovers,
            needs_nobody=True,
        )
    )
    register(JobKind(name="curation.export", label="Exporting a release", handler=export_release))
