"""`manage.py evaluation show|pause|resume|give-up NUMBER-OR-BATCH ... [--by LEAD] [--wait]`."""

import re
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import CommandParser

from benchmark.models import Evaluation
from benchmark.pause import give_up_evaluation, pause_evaluation, resume_evaluation
from benchmark.progress_words import told_progress
from consilium.commands import ReportingCommand
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.management.acting_lead import add_by, lead_of

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_BATCH: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACTIONS: Final[dict[str, Callable[..., Evaluation]]] = {
    "pause": pause_evaluation,
    "resume": resume_evaluation,
    "give-up": give_up_evaluation,
}


class Command(ReportingCommand):
    help = "How evaluations stand; pause them, have them go on at what is missing, or give them up."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["show", *ACTIONS])
        parser.add_argument(
            "number", nargs="+", help="Of an evaluation, or the batch of a launch; `judge` prints both."
        )
        add_by(parser)
        parser.add_argument("--wait", action="store_true", help="resume: run here until it is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        found = [one for name in options["number"] for one in _named(name)]
        if act := ACTIONS.get(options["action"]):
            found = [act(evaluation=one, by=lead_of(one.study, options["by"])) for one in found]
        if options["wait"] and options["action"] == "resume":
            for one in found:
                run_until_over(one.job)
        told = [told_progress(one) for made in found for one in _named(str(made.pk))]
        report: dict[str, Any] = {"evaluations": told}
        if options["wait"] and {one["state"] for one in told} != {JobState.SUCCEEDED}:
            report["ok"] = False
        return report


def _named(name: str) -> list[Evaluation]:
    """The evaluation of that number, or all of that batch. Raises Refused."""
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study").order_by("pk")
    if _NUMBER.fullmatch(name):
        found = list(related.filter(pk=name))
    elif _BATCH.fullmatch(name):
        found = list(related.filter(batch=name))
    else:
        raise Refused(f"{name[:40]!r} is neither a number nor a batch.")
    if not found:
        raise Refused(f"There is no evaluation {name}.")
    return found
