"""`manage.py solve --release DIGEST --endpoint NAME [--endpoint NAME] [--by LEAD] [--wait]`."""

from benchmark.management.commands.judge import Command as JudgeCommand
from benchmark.models import EvaluationKind


class Command(JudgeCommand):
    help = "Score solvers on a release of held-out questions."
    kind = EvaluationKind.SOLVER
