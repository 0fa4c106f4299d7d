"""Calls about sittings: one begins in a dialog; those of this browser end by a button or with the session."""

from allauth.account import views as account
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from consilium.people.access import study_view
from consilium.people.models import Study
from consilium.people.requests import own_page, post_only, signed_in
from consilium.refusals import Refused
from consilium.signatures.models import SIGNED_ONE_BY_ONE, Meaning
from consilium.signatures.reentry import password_in_json, sit_down, stand_up
from consilium.single_sign_on.identities import came_by_sign_on


@post_only
@study_view()
def begin(request: HttpRequest, study: Study, meaning: str) -> JsonResponse:
    """A sitting begun by the password from a dialog (JSON); the page sends again what was interrupted."""
    if meaning not in Meaning.values or Meaning(meaning).purpose in SIGNED_ONE_BY_ONE:
        raise Http404("There is no such signature.")
    try:
        sit_down(request, study, Meaning(meaning), password_in_json(request))
    except Refused as refusal:
        if refusal.status == 403:
            raise
        return JsonResponse({"error": str(refusal)}, status=refusal.status)
    return JsonResponse({"name": str(signed_in(request))})


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
