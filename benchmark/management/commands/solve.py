"""`manage.py solve --release DIGEST --endpoint NAME [--endpoint NAME] [--by LEAD] [--wait]`.

With `--open-judge NAME` that model also decides every open answer against its reference.
"""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from benchmark.management.commands.judge import Command as JudgeCommand
from benchmark.management.commands.judge import find_model
from benchmark.models import EvaluationKind
from benchmark.variants import STANDARD, PlannedVariant
from consilium.people.models import Study


class Command(JudgeCommand):
    help = "Score solvers on a release of held-out questions."
    kind = EvaluationKind.SOLVER

    def add_variants(self, parser: CommandParser) -> None:
        """Who decides open answers; a question is asked once."""
        parser.add_argument(
            "--open-judge",
            default="",
            help="Model that decides open answers against the reference.",
        )

    def variants(self, options: dict[str, Any]) -> Sequence[PlannedVariant]:
        """Every question once."""
        return STANDARD

    def judges(self, options: dict[str, Any], study: Study) -> dict[str, Any]:
        """The judge of open answers, where one is wanted. Raises EvaluationRefused."""
        name = options["open_judge"]
        return {"open_judge": find_model(name, study) if name else None}
