"""The screens of readers and adjudicators: compare two answers; decide what the readers could not."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from annotation import presentation
from annotation.adjudication import AlreadyVotedBlind, vote_blind
from annotation.frames import to_shown
from annotation.models import BlindVote
from consilium.people.permissions import Standing
from consilium.people.requests import post_only, signed_in
from consilium.signatures.models import Meaning
from consilium.signatures.reentry import signature_asked
from consilium.workqueue.claim import earlier_claim, open_work
from consilium.workqueue.counts import today_at_work
from consilium.workqueue.kinds import InvalidContent
from consilium.workqueue.models import Claim, Kind
from consilium.workqueue.states import ClaimState
from consilium.workqueue.views import work_screen
from curation.images.access import NotShowable

DECIDED = "Your answer is stored. The case has been decided meanwhile, so it takes no more changes."


@work_screen
def compare(request: HttpRequest, claim: Claim, standing: Standing) -> HttpResponse:
    """Two answers beside the image; also where a stored vote is revised while the case is open."""
    _check_kind(claim, Kind.COMPARE)
    if _is_decided(claim):
        return _notice(request, DECIDED, 410)
    more = {"earlier": earlier_claim(claim)}
    return _screen(request, claim, standing, "annotation/compare.html", more)


@work_screen
def adjudicate(request: HttpRequest, claim: Claim, standing: Standing) -> HttpResponse:
    """First unseen; once that vote is stored, with the readers' votes."""
    _check_kind(claim, Kind.ADJUDICATE)
    if _is_decided(claim):
        return _notice(request, DECIDED, 410)
    blind = BlindVote.objects.filter(case=claim.item.object_id, person=claim.person).first()
    if blind is None:
        return _screen(request, claim, standing, "annotation/blind.html", {})
    more = _second_stage(claim, blind) | {
        "asked": signature_asked(request, claim.study, Meaning.ADJUDICATED),
    }
    return _screen(request, claim, standing, "annotation/adjudicate.html", more)


@post_only
def blind(request: HttpRequest, token: UUID) -> HttpResponse:
    """Store the adjudicator's unseen vote and show the readers' votes."""
    person = signed_in(request)
    claim, standing = open_work(token, person)
    _check_kind(claim, Kind.ADJUDICATE)
    choices, reasons = _part(request, "choices."), _part(request, "reasons.")
    try:
        vote_blind(claim=claim, by=person, choices=choices, reasons=reasons)
    except AlreadyVotedBlind:
        pass  # sent twice: the first one counts, and the next page shows it
    except InvalidContent as problem:
        more = {"errors": problem.errors, "chosen": {"choices": choices, "reasons": reasons}}
        return _screen(request, claim, standing, "annotation/blind.html", more, status=422)
    return redirect("annotation:adjudicate", token=token)


def _second_stage(claim: Claim, blind: BlindVote) -> dict[str, Any]:
    shown = {name: to_shown(choice, claim.shown["first"]) for name, choice in blind.choices.items()}
    return {
        "chosen": {"choices": shown, "reasons": blind.reasons},
        "chips": presentation.readers_chips(claim),
        "rationales": presentation.rationales_for(claim),
        "harm_flags": presentation.harm_flags(claim),
    }


def _screen(
    request: HttpRequest,
    claim: Claim,
    standing: Standing,
    template: str,
    more: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    try:
        case = presentation.shown_case(claim)
    except NotShowable as problem:
        return _notice(request, str(problem), 409)
    context = {
        "study": claim.study,
        "current_study": claim.study,
        "claim": claim,
        "case": case,
        "today": today_at_work(standing.membership, claim),
        "rows": presentation.rows(more.get("chosen"), more.get("chips")),
        **presentation.form_words(),
        **more,
    }
    return render(request, template, context, status=status)


def _part(request: HttpRequest, prefix: str) -> dict[str, str]:
    fields = request.POST.items()
    return {name.removeprefix(prefix): str(value) for name, value in fields if name.startswith(prefix)}


def _is_decided(claim: Claim) -> bool:
    return claim.state == ClaimState.SUBMITTED and not claim.item.is_open


def _check_kind(claim: Claim, kind: Kind) -> None:
    if claim.item.kind != kind:
        raise Http404("No such work.")


def _notice(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return render(request, "workqueue/over.html", {"reason": reason}, status=status)
