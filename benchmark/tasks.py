"""Background work of this app."""

from benchmark.judging import judge_cases
from benchmark.solving import solve_questions
from consilium.jobs.registry import JobKind, register


def register_jobs() -> None:
    """Make the app's job kinds known."""
    register(JobKind("benchmark.judge", "Scoring a judge", judge_cases, queue="gpu"))
    register(JobKind("benchmark.solve", "Scoring a solver", solve_questions, queue="gpu"))
