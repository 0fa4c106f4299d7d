"""`manage.py judge --release DIGEST --endpoint NAME [--endpoint NAME] [--by LEAD] [--wait]`.

With `--estimate` it starts nothing and says what it would take.
With `--image-blind` and `--repeats 3 [--repeat-cases 100]` also a control without images and repeats.
"""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from benchmark.estimate import ScoringEstimate, estimate_scoring
from benchmark.launch import evaluate
from benchmark.models import Evaluation, EvaluationKind
from benchmark.preconditions import EvaluationRefused
from benchmark.variants import REPEATED_CASES, PlannedVariant, plan_variants
from consilium.commands import ReportingCommand
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Study
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Score judges on a preference release."
    kind = EvaluationKind.JUDGE

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--release", required=True, help="Digest of the release, 8 digits or more.")
        parser.add_argument("--endpoint", action="append", required=True)
        self.add_variants(parser)
        add_by(parser)
        parser.add_argument("--estimate", action="store_true", help="Only say what it would take.")
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def add_variants(self, parser: CommandParser) -> None:
        """What a judge may be asked beside every case in both orders."""
        parser.add_argument(
            "--letter-probabilities",
            action="store_true",
            help="Ask servers how probable each letter of a verdict was.",
        )
        parser.add_argument("--image-blind", action="store_true", help="Also a control without images.")
        parser.add_argument("--repeats", type=int, default=0, help="Ask the same again, so many times.")
        parser.add_argument(
            "--repeat-cases", type=int, default=REPEATED_CASES, help="Of how many cases, 100 unless given."
        )
        parser.add_argument("--without-standard", action="store_true", help="Control and repeats alone.")

    def variants(self, options: dict[str, Any]) -> Sequence[PlannedVariant]:
        """What the options ask for. Raises EvaluationRefused."""
        return plan_variants(
            standard=not options["without_standard"],
            image_blind=options["image_blind"],
            repeats=options["repeats"],
            repeat_cases=options["repeat_cases"],
        )

    def judges(self, options: dict[str, Any], study: Study) -> dict[str, Any]:
        """Who decides on what the models answer: nobody, where they are judges."""
        return {}

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["release"])
        wanted: dict[str, Any] = {
            "study": release.study,
            "kind": self.kind,
            "release": release,
            "endpoints": [find_model(name, release.study) for name in options["endpoint"]],
            "by": lead_of(release.study, options["by"]),
            "variants": self.variants(options),
            **self.judges(options, release.study),
        }
        if options["estimate"]:
            return {"estimates": [_told(one) for one in estimate_scoring(**wanted)]}
        made = evaluate(**wanted, letter_probabilities=options.get("letter_probabilities", False))
        done = {_name(one): run_until_over(one.job) if options["wait"] else one.job for one in made}
        report: dict[str, Any] = {
            "evaluations": {name: job.state for name, job in done.items()},
            "numbers": {_name(one): one.pk for one in made},
            "batch": str(made[0].batch),
        }
        if options["wait"] and set(report["evaluations"].values()) != {JobState.SUCCEEDED}:
            report |= {"errors": {name: job.error for name, job in done.items() if job.error}, "ok": False}
        return report


def _told(one: ScoringEstimate) -> dict[str, Any]:
    """An estimate as JSON; null is what is not known."""
    return {
        "model": one.endpoint.name,
        "variant": "open_judge" if one.decides else one.variant.variant.value,
        "repeat": one.variant.repeat,
        "calls": one.calls,
        "stored": one.stored,
        "prompt_tokens": one.prompt_tokens,
        "completion_tokens": one.completion_tokens,
        "tokens_from_replies": one.counted,
        "seconds": None if one.seconds is None else round(one.seconds, 1),
        "dollars": None if one.dollars is None else round(one.dollars, 4),
    }


def _name(one: Evaluation) -> str:
    """A model alone, or with its variant: "model (repeat 2)"."""
    return f"{one.endpoint.name} ({one.variant_label.lower()})" if one.variant_label else one.endpoint.name


def find_model(name: str, study: Study) -> ModelEndpoint:
    """The model of this name that the study may use. Raises EvaluationRefused."""
    found = ModelEndpoint.objects.for_study(study).filter(name=name).first()
    if found is None:
        raise EvaluationRefused(f"There is no model named {name!r}; add it with `manage.py endpoint add`.")
    return found
