"""Background work of this app."""

from benchmark.judge_job import judge_cases
from benchmark.kept_leaderboard import LEADERBOARD, summarise_leaderboard
from benchmark.report.kept import REPORT, summarise_report
from benchmark.rerun_check import KIND, run_rerun_check
from benchmark.solve_job import solve_questions
from consilium.jobs.registry import JobKind, register


def register_jobs() -> None:
    """Make the app's job kinds known."""
    register(JobKind("benchmark.judge", "Scoring a judge", judge_cases, queue="gpu"))
    register(JobKind("benchmark.solve", "Scoring a solver", solve_questions, queue="gpu"))
    register(JobKind(KIND, "Checking an evaluation", run_rerun_check))
    register(JobKind(LEADERBOARD.name, "Computing the leaderboard", summarise_leaderboard, needs_nobody=True))
    register(JobKind(REPORT.name, "Computing a report", summarise_report, needs_nobody=True))
