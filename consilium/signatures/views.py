"""Calls about sittings: one begins in a dialog; those of this browser end by a button or with the session."""

from typing import Any

from allauth.account import views as account
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from consilium.people.access import study_view
from consilium.people.models import Study
from consilium.people.permissions import check_role
from consilium.people.requests import own_page, post_only, signed_in
from consilium.refusals import Refused
from consilium.signatures.models import MAY_SIT, SIGNED_ONE_BY_ONE, Meaning
from consilium.signatures.proofs import Proof, proof_of
from consilium.signatures.reentry import (
    current_sitting,
    password_in_json,
    sit_down,
    sit_down_confirmed,
    stand_up,
)
from consilium.single_sign_on.identities import Identity, came_by_sign_on
from consilium.single_sign_on.views import PURPOSES, check_same_person, send_away


@post_only
@study_view()
def begin(request: HttpRequest, study: Study, meaning: str) -> JsonResponse:
    """A sitting begun by the password from a dialog (JSON); the page sends again what was interrupted."""
    if meaning not in Meaning.values or Meaning(meaning).purpose in SIGNED_ONE_BY_ONE:
        raise Http404("There is no such signature.")
    password = password_in_json(request)
    try:
        # Who confirmed in another tab that it is them sends nothing.
        if password or current_sitting(request, study, Meaning(meaning).purpose) is None:
            sit_down(request, study, Meaning(meaning), password)
    except Refused as refusal:
        if refusal.status == 403:
            raise
        return JsonResponse({"error": str(refusal)}, status=refusal.status)
    return JsonResponse({"name": str(signed_in(request))})


@study_view()
def confirm(request: HttpRequest, study: Study, meaning: str) -> HttpResponse:
    """The page that leads to a fresh login at the provider, opened beside what is to be signed."""
    person = signed_in(request)
    if meaning not in Meaning.values or proof_of(person) is not Proof.PROVIDER:
        raise Http404("There is no such signature.")
    check_role(person, study, *MAY_SIT[Meaning(meaning).purpose])
    if request.method == "POST":
        noted = {"person": person.pk, "study": study.slug, "meaning": meaning}
        return send_away(request, SIGN, noted, proven=True)
    context = {"study": study, "statement": Meaning(meaning)}
    return render(request, "signatures/confirm.html", context)


def _confirmed(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> HttpResponse:
    """Back from the provider: a sitting begins, and the person goes on where they were."""
    person = check_same_person(request, identity, noted)
    study, meaning = Study.objects.get(slug=noted["study"]), Meaning(noted["meaning"])
    check_role(person, study, *MAY_SIT[meaning.purpose])
    sit_down_confirmed(request, study, meaning)
    return render(request, "signatures/confirmed.html", {"study": study, "statement": meaning})


SIGN = "sign"
PURPOSES[SIGN] = _confirmed


@post_only
def end(request: HttpRequest) -> HttpResponse:
    """The person has finished signing at this browser; the page stays where it is."""
    stand_up(request)
    messages.success(request, "The next signature asks for your password again.")
    return redirect(own_page(request, request.headers.get("Referer", "")))


def log_out(request: HttpRequest) -> HttpResponse:
    """The end of the session is the end of its sittings; a session at the provider is spoken of."""
    leaves, offers = request.method == "POST" and request.user.is_authenticated, False
    if leaves:
        stand_up(request)
        offers = settings.SIGN_ON is not None and settings.SIGN_ON.offers_logout and came_by_sign_on(request)
    answer: HttpResponse = account.logout(request)
    return redirect("sign-on:left") if leaves and offers else answer
