"""An app with job kinds that only the worker tests need."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "tests.jobs.demo"
    label = "demo_jobs"

    def ready(self) -> None:
        from consilium.jobs.registry import JobKind, register
        from tests.jobs.demo import handlers

        register(
            JobKind(
                name="demo.steps", label="Steps", handler=handlers.steps, max_attempts=10, needs_nobody=True
            )
        )
        register(
            JobKind(
                name="demo.poison", label="Poison", handler=handlers.poison, max_attempts=2, needs_nobody=True
            )
        )
        register(JobKind(name="demo.deaf", label="Deaf", handler=handlers.deaf, needs_nobody=True))
