"""`manage.py solve --release DIGEST --endpoint NAME [--endpoint NAME] [--by LEAD] [--wait]`."""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from benchmark.management.commands.judge import Command as JudgeCommand
from benchmark.models import EvaluationKind
from benchmark.variants import STANDARD, PlannedVariant


class Command(JudgeCommand):
    help = "Score solvers on a release of held-out questions."
    kind = EvaluationKind.SOLVER

    def add_variants(self, parser: CommandParser) -> None:
        """None: a question is asked once."""

    def variants(self, options: dict[str, Any]) -> Sequence[PlannedVariant]:
        """Every question once."""
        return STANDARD
