"""Pages of all evaluations of one launch."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from benchmark.batches import (
    Batch,
    find_batch,
    give_up_batch,
    pause_batch,
    resume_batch,
    unfinished_batches,
)
from benchmark.pause import RESUMABLE
from benchmark.progress_words import batch_line
from consilium.pages import attempt
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in

_CHANGES: Final[dict[str, tuple[Callable[..., int], str]]] = {
    "pause": (pause_batch, "paused"),
    "resume": (resume_batch, "on the queue again"),
    "give-up": (give_up_batch, "stopped"),
}


@study_view(Role.LEAD)
def launched(request: HttpRequest, study: Study, batch: UUID) -> HttpResponse:
    """How far all evaluations of one launch are."""
    return render(request, "benchmark/batch.html", {"study": study, **_shown(_found(study, batch))})


@study_view(Role.LEAD)
def batch_live(request: HttpRequest, study: Study, batch: UUID) -> HttpResponse:
    """The moving part of that page; asks for itself until everything is over, then for the page."""
    found = _found(study, batch)
    response = render(request, "benchmark/batch_live.html", {"study": study, **_shown(found)})
    if not found.is_live:
        response["HX-Refresh"] = "true"
    return response


@post_only
@study_view(Role.LEAD)
@limited("launch")
def batch_act(request: HttpRequest, study: Study, batch: UUID, action: str) -> HttpResponse:
    """Pause, resume or stop all of them."""
    if action not in _CHANGES:
        raise Http404("There is nothing such to do.")
    change, outcome = _CHANGES[action]
    found, person = _found(study, batch), signed_in(request)

    def act() -> str:
        count = change(batch=found, by=person)
        return f"{count} evaluation{'s are' if count > 1 else ' is'} {outcome}."

    return attempt(request, act, "benchmark:batch", study=study.slug, batch=batch)


@study_view(Role.LEAD)
def being_scored(request: HttpRequest, study: Study) -> HttpResponse:
    """What is being scored, for the leaderboard; when nothing is left, the page comes anew."""
    batches = unfinished_batches(study)
    is_live = any(one.is_live for one in batches)
    context = {"study": study, "batches": batches, "is_live": is_live}
    response = render(request, "benchmark/being_scored.html", context)
    if not is_live:
        response["HX-Refresh"] = "true"
    return response


def _found(study: Study, key: UUID) -> Batch:
    found = find_batch(study, key)
    if found is None:
        raise Http404("No such launch.")
    return found


def _shown(found: Batch) -> dict[str, Any]:
    rows = found.evaluations
    can_stop = any(not one.job.is_over and not one.job.cancel_requested for one in rows)
    actions = [
        ("resume", "play", "Resume all", any(one.job.state in RESUMABLE for one in rows)),
        ("pause", "pause", "Pause all", can_stop),
        ("give-up", "stop", "Stop all", can_stop or any(one.is_paused for one in rows)),
    ]
    return {
        "batch": found,
        "states": list(found.states().items()),
        "actions": [
            {"name": name, "icon": icon, "label": label} for name, icon, label, offered in actions if offered
        ],
        "lines": [batch_line(one) for one in rows],
    }
