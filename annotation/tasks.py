"""Background work of this app."""

from annotation import pairing
from annotation.agreement import AGREEMENT, summarise_agreement
from annotation.label_studio.pull import run_pull
from annotation.label_studio.push import PULL, PUSH, run_push
from annotation.progress import PROGRESS, summarise_progress
from annotation.responses import answer_questions
from consilium.jobs.registry import JobKind, register


def register_jobs() -> None:
    """Make the app's job kinds known."""
    register(JobKind("annotation.answer", "Collecting answers", answer_questions, queue="gpu"))
    register(JobKind(AGREEMENT.name, "Computing agreement", summarise_agreement, needs_nobody=True))
    register(JobKind(PROGRESS.name, "Counting progress", summarise_progress, needs_nobody=True))
    register(JobKind(PUSH, "Sending tasks to Label Studio", run_push))
    register(JobKind(PULL, "Taking annotations from Label Studio", run_pull))
    register(JobKind(pairing.KIND, "Opening a round", pairing.run_pairing))
