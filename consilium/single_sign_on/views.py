"""The way to the provider and back; one's own binding to it; the way out."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from consilium.people import attempts
from consilium.people.models import Person
from consilium.people.password_login import PasswordsOff
from consilium.people.requests import own_page, post_only, signed_in
from consilium.rates import Rate, buckets
from consilium.single_sign_on import identities
from consilium.single_sign_on.configuration import SignOn
from consilium.single_sign_on.identities import Identity
from consilium.single_sign_on.join import join_as
from consilium.single_sign_on.refusals import LoginExpired, SignOnRefused

LOGIN, BIND, JOIN, CONFIRM = "login", "bind", "join", "confirm"
NOT_YOU: Final = "That is another login than the one your account belongs to."
# Each beginning stores a session: a clinic's people behind one address stay far below.
BEGINNINGS: Final = Rate(300, 600)


@login_not_required
@post_only
def start(request: HttpRequest) -> HttpResponse:
    """The button of the login page."""
    wanted = own_page(request, request.POST.get("next", ""))
    if request.user.is_authenticated:
        return redirect(wanted)
    return send_away(request, LOGIN, {"next": wanted})


@post_only
@reauthentication_required
def bind(request: HttpRequest) -> HttpResponse:
    """Bind one's own account, after it was shown once more whose it is."""
    return send_away(request, BIND, {"person": signed_in(request).pk}, again=True)


@login_not_required
@post_only
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The button of an invitation or of a reset link."""
    return send_away(request, JOIN, {"token": token}, again=True)


@login_not_required
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people back to, with a code for this site."""
    from consilium.single_sign_on.provider import answer_of, take_note

    sign_on, address = configured(), _address(request)
    try:
        noted = take_note(request)
    except LoginExpired as refusal:
        return refused(request, refusal)
    identity = None
    attempt = attempts.take_sign_on(address)
    try:
        answer = answer_of(request, sign_on, noted)
        identity = identities.identity_of(answer.claims, sign_on)
        response = PURPOSES[noted["purpose"]](request, identity, noted)
    except SignOnRefused as refusal:
        identities.note_refused(refusal=refusal, identity=identity, address=address)
        return refused(request, refusal)
    attempts.was_right(attempt)
    return response


def own(request: HttpRequest) -> HttpResponse:
    """Whether one's own account is bound; the buttons that bind and release it."""
    sign_on = configured()
    person = signed_in(request)
    context = {
        "sign_on": sign_on,
        "bound": identities.bound_account(person, sign_on),
        "may_release": settings.PASSWORD_LOGIN and person.has_usable_password(),
    }
    return render(request, "single_sign_on/own.html", context)


@post_only
@reauthentication_required
def release(request: HttpRequest) -> HttpResponse:
    """Release one's own account; the password lets its owner in from then on."""
    configured()
    try:
        identities.release_own(by=signed_in(request))
    except SignOnRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Released. From now on your password alone lets you in.")
    return redirect("sign-on:own")


@login_not_required
def left(request: HttpRequest) -> HttpResponse:
    """After logging out here: where the session at the provider ends."""
    from consilium.single_sign_on.provider import logout_address

    sign_on = configured()
    context = {"sign_on": sign_on, "address": logout_address(request, sign_on)}
    return render(request, "single_sign_on/left.html", context)


def configured() -> SignOn:
    """The provider of the settings. Raises Http404 where there is none."""
    if settings.SIGN_ON is None:
        raise Http404("There is no single sign-on here.")
    return settings.SIGN_ON


def send_away(
    request: HttpRequest, purpose: str, noted: dict[str, Any], *, again: bool = False, proven: bool = False
) -> HttpResponse:
    """A page that goes on to the provider at once.

    A page, not a redirect: forms of this site lead to this site alone (form-action), also where the provider
    passes people on to further hosts that nobody here knows.
    """
    from consilium.single_sign_on.provider import address_of_login

    sign_on = configured()
    buckets.take(("sign-on", _address(request)), BEGINNINGS)
    try:
        address = address_of_login(request, sign_on, purpose=purpose, noted=noted, again=again, proven=proven)
    except SignOnRefused as refusal:
        return refused(request, refusal)
    return render(request, "single_sign_on/away.html", {"sign_on": sign_on, "address": address})


def refused(request: HttpRequest, refusal: SignOnRefused) -> HttpResponse:
    """The page of somebody who was not let in, or whose account stayed as it was."""
    context = {"sign_on": settings.SIGN_ON, "refusal": refusal}
    answer = render(request, "single_sign_on/refused.html", context, status=refusal.status)
    if refusal.status == 503:
        answer.headers["Retry-After"] = "60"
    return answer


def _log_in(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> HttpResponse:
    person = identities.admit(identity=identity, sign_on=configured())
    return let_in(request, person, identity, noted["next"])


def let_in(request: HttpRequest, person: Person, identity: Identity, page: str) -> HttpResponse:
    """Log the person in, through the stages of any login; a second factor set up here is asked for."""
    if request.user.is_authenticated:
        get_adapter(request).logout(request)
    identities.note_strength(request, person, identity)
    record_authentication(request, person, "socialaccount", provider=identity.provider, uid=identity.subject)
    answer: HttpResponse = perform_login(request, Login(user=person, redirect_url=own_page(request, page)))
    return answer


def _bind(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> HttpResponse:
    _check_still_there(request, noted)
    identities.bind_own(identity=identity, by=signed_in(request))
    messages.success(request, f"Bound. From now on {configured().label} lets you in.")
    return redirect("sign-on:own")


def _join(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> HttpResponse:
    person = join_as(token=noted["token"], identity=identity, sign_on=configured())
    return let_in(request, person, identity, reverse("site:home"))


def _check_still_there(request: HttpRequest, noted: dict[str, Any]) -> None:
    """Raise LoginExpired unless the person who left for the provider is the one who came back."""
    if not request.user.is_authenticated or request.user.pk != noted["person"]:
        raise LoginExpired


def _address(request: HttpRequest) -> str:
    return str(get_adapter(request).get_client_ip(request))


def check_same_person(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> Person:
    """The person of the session, if they left for the provider and came back as themselves.

    Raises LoginExpired, SignOnRefused.
    """
    _check_still_there(request, noted)
    person = signed_in(request)
    if identities.account_of(identity) != person:
        raise SignOnRefused("not_you", NOT_YOU, person=person)
    return person


def confirm(request: HttpRequest) -> HttpResponse:
    """Show once more whose account it is: by password, by code, else by a fresh login at the provider."""
    person = signed_in(request)
    if settings.PASSWORD_LOGIN and person.has_usable_password():
        answer: HttpResponse = account.reauthenticate(request)
        return answer
    wanted = own_page(request, request.POST.get("next", request.GET.get("next", "")))
    if is_mfa_enabled(person, [Authenticator.Type.TOTP]):
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': wanted})}")
    sign_on = settings.SIGN_ON
    if sign_on is None or identities.bound_account(person, sign_on) is None:
        raise PasswordsOff
    if request.method == "POST":
        return send_away(request, CONFIRM, {"person": person.pk, "next": wanted}, proven=True)
    return render(request, "single_sign_on/confirm.html", {"wanted": wanted})


def _confirm(request: HttpRequest, identity: Identity, noted: dict[str, Any]) -> HttpResponse:
    person = check_same_person(request, identity, noted)
    record_authentication(request, person, "socialaccount", reauthenticated=True)
    return redirect(own_page(request, noted["next"]))


Act = Callable[[HttpRequest, Identity, dict[str, Any]], HttpResponse]
PURPOSES: Final[dict[str, Act]] = {LOGIN: _log_in, BIND: _bind, JOIN: _join, CONFIRM: _confirm}
