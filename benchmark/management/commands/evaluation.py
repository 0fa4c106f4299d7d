"""`manage.py evaluation show|pause|resume|give-up NUMBER [NUMBER ...] [--by LEAD] [--wait]`."""

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
        parser.add_argument("number", type=int, nargs="+", help="Of the evaluation; `judge` prints it.")
        add_by(parser)
        parser.add_argument("--wait", action="store_true", help="resume: run here until it is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        found = [_evaluation(number) for number in options["number"]]
        if act := ACTIONS.get(options["action"]):
            found = [act(evaluation=one, by=lead_of(one.study, options["by"])) for one in found]
        if options["wait"] and options["action"] == "resume":
            for one in found:
                run_until_over(one.job)
        told = [told_progress(_evaluation(one.pk)) for one in found]
        report: dict[str, Any] = {"evaluations": told}
        if options["wait"] and {one["state"] for one in told} != {JobState.SUCCEEDED}:
            report["ok"] = False
        return report


def _evaluation(number: int) -> Evaluation:
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    found = related.filter(pk=number).first()
    if found is None:
        raise Refused(f"There is no evaluation {number}.")
    return found
