"""App configuration."""

from django.apps import AppConfig


class CurationConfig(AppConfig):
    """Registers the app with Django, its background work and its human work."""

    name = "curation"

    def ready(self) -> None:
        """Make the app's jobs, its kind of work and what the database refuses known."""
        from consilium.audit.grants import declare_secret
        from consilium.audit.protection import declare
        from consilium.blobs.scrub import register_uses
        from consilium.jobs.host_sweeps import register_host_sweep
        from consilium.jobs.reaper import register_daily, register_sweep
        from curation import tasks
        from curation.damage import find_uses
        from curation.images import copies
        from curation.imports import formats
        from curation.imports.question_sets import QUESTION_SETS
        from curation.imports.release_format import RELEASE
        from curation.imports.run import ANY_FILES, sweep_own_uploads, sweep_uploads
        from curation.layouts.own import register_layouts
        from curation.releases.gather import register_freezers
        from curation.releases.kept_exports import remove_left_folders
        from curation.releases.publish import register_publishable
        from curation.releases.triggers import PROTECTED
        from curation.traces.review import register_kind

        declare(*PROTECTED)
        declare_secret("curation_exportlink", "token_sha256")
        tasks.register_all()
        register_kind()
        register_freezers()
        register_layouts()
        register_publishable()
        formats.register(ANY_FILES)
        formats.register(RELEASE)
        for question_set in QUESTION_SETS:
            formats.register(question_set)
        register_sweep(sweep_uploads)
        register_host_sweep(sweep_own_uploads)
        register_host_sweep(remove_left_folders)
        register_daily(tasks.LEFTOVERS)
        copies.register(copies.remove_exports)
        register_uses(find_uses)
