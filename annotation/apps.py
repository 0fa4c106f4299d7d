"""App configuration."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Registers the app, its work kinds, its jobs, its sweep and its append-only tables."""

    name = "annotation"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from annotation import consensus, stalled
        from annotation.adjudication import ADJUDICATE
        from annotation.external_labels import MEDREWARDBENCH
        from annotation.external_release import EXTERNAL
        from annotation.label_studio.release_layout import LABELSTUDIO
        from annotation.release import PREFERENCES
        from annotation.tasks import register_jobs
        from annotation.votes import COMPARE
        from consilium.audit.append_only import Refusal
        from consilium.audit.grants import declare_secret
        from consilium.audit.protection import declare
        from consilium.jobs.reaper import register_sweep
        from consilium.workqueue import kinds
        from curation.imports import formats
        from curation.layouts import registry as layouts
        from curation.releases import registry

        append_only = ("blindvote", "vote", "adjudication", "takenannotation", "externallabel")
        declare(*(Refusal(f"annotation_{name}") for name in append_only))
        declare_secret("annotation_labelstudioconnection", "sealed_token")
        registry.register(PREFERENCES)
        registry.register(EXTERNAL)
        formats.register(MEDREWARDBENCH)
        layouts.register(LABELSTUDIO)
        kinds.register(COMPARE)
        kinds.register(ADJUDICATE)
        register_jobs()
        register_sweep(consensus.sweep)
        register_sweep(stalled.sweep)
