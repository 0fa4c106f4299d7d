"""`manage.py train dsa|gba|merge|pipeline --release DIGEST --base NAME --by LEAD [--set k=v] [--wait]`."""

import json
from typing import Any

from django.core.management.base import CommandParser

from consilium.calls.models import ModelEndpoint
from consilium.commands import ReportingCommand
from consilium.jobs.running import run_now
from consilium.jobs.states import JobState
from consilium.people.models import Person
from curation.releasing import FreezeRefused, find_release
from training.launching import LaunchRefused, launch, launch_pipeline
from training.models import Run, Stage


class Command(ReportingCommand):
    help = "Put training runs on the queue."
    refusals = (LaunchRefused, FreezeRefused)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("stage", choices=[*Stage.values, "pipeline"])
        parser.add_argument("--release", required=True, help="Digest of the trace release, 8 digits or more.")
        parser.add_argument("--base", required=True, help="Name of a local endpoint.")
        parser.add_argument("--by", required=True, help="User name of the lead who launches.")
        parser.add_argument("--specialty", default="")
        parser.add_argument(
            "--input", type=int, action="append", default=[], help="Number of a run to build on."
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        runs = self._launch(options)
        if options["wait"]:
            for run in runs:
                run_now(run.job)
        states = {str(run.pk): run.job.state for run in runs}
        failed = any(state == JobState.FAILED for state in states.values())
        return {"runs": states, **({"ok": False} if failed else {})}

    def _launch(self, options: dict[str, Any]) -> list[Run]:
        release = find_release(options["release"])
        common = {
            "study": release.study,
            "base": ModelEndpoint.objects.get(name=options["base"]),
            "by": Person.objects.get(username=options["by"]),
            "seed": options["seed"],
        }
        settings = dict(_assignment(text) for text in options["assignments"])
        if options["stage"] == "pipeline":
            nested: dict[str, dict[str, Any]] = {}
            for name, value in settings.items():
                stage, _, key = name.partition(".")
                nested.setdefault(stage, {})[key] = value
            return launch_pipeline(release=release, settings=nested, **common)
        run = launch(
            stage=options["stage"],
            release=None if options["stage"] == Stage.MERGE else release,
            specialty=options["specialty"],
            inputs=list(Run.objects.filter(pk__in=options["input"])),
            settings=settings,
            **common,
        )
        return [run]


def _assignment(text: str) -> tuple[str, Any]:
    """`key=value` with the value as JSON where it is JSON, else as text."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"--set takes KEY=VALUE, not {text!r}.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
