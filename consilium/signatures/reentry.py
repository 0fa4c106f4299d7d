"""The password entered again at a form, in a dialog or on the command line; the sittings of a browser."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from consilium.audit.record import record
from consilium.people import attempts
from consilium.people.models import Person, Study
from consilium.people.permissions import check_role
from consilium.people.requests import own_page, signed_in
from consilium.signatures.models import MAY_SIT, SIGNED_ONE_BY_ONE, Meaning, Purpose, Sitting
from consilium.signatures.proofs import Proof, is_right_code, proof_of
from consilium.signatures.refusals import NotSigned, TooManyTries, WrongPassword
from consilium.signatures.sittings import begin_sitting, end_sittings, live_sitting

FIELD: Final = "password"  # of a form; it takes a code too
IN_SESSION: Final = "sittings"
WAIT: Final = "Too many tries in a short time. Nothing was signed; wait a few minutes and try again."


def is_own_word(request: HttpRequest, word: str, proof: Proof) -> bool:
    """Whether it is the password, or a code, of who is logged in; a wrong one counts as a failed login does.

    The one place that knows the limits. Raises TooManyTries.
    """
    person = signed_in(request)
    if proof is Proof.CODE:
        return _is_counted_code(request, person, word)
    if proof is not Proof.PASSWORD:
        return False
    if not ratelimit.consume(request, action="reauthenticate", user=person):
        raise TooManyTries(WAIT)
    try:
        return bool(get_adapter(request).reauthenticate(person, word))
    except ValidationError:  # too many failed logins
        raise TooManyTries(WAIT) from None


def _is_counted_code(request: HttpRequest, person: Person, code: str) -> bool:
    address = get_adapter(request).get_client_ip(request)
    try:
        attempt = attempts.take(name=person.username, address=address, purpose="code")
    except attempts.TooManyAttempts:
        raise TooManyTries(WAIT) from None
    if not is_right_code(person, code):
        return False
    attempts.was_right(attempt)
    return True


def sit_down(request: HttpRequest, study: Study, meaning: Meaning, password: str) -> Sitting:
    """Begin a sitting in this browser session with a password or a code.

    Raises WrongPassword, TooManyTries, NotAllowed.
    """
    person = signed_in(request)
    check_role(person, study, *MAY_SIT[meaning.purpose])
    proof = proof_of(person)
    if not is_own_word(request, password, proof):
        note_wrong_password(study=study, meaning=meaning, by=person)
        raise WrongPassword(study, person, meaning, proof.wrong)
    sitting = begin_sitting(study=study, purpose=meaning.purpose, method=proof, by=person)
    if meaning.purpose not in SIGNED_ONE_BY_ONE:
        _hold(request, study, meaning, sitting)
    return sitting


def sit_down_confirmed(request: HttpRequest, study: Study, meaning: Meaning) -> Sitting:
    """The same for who has just come back from a fresh login at the provider. Raises NotAllowed.

    The session holds also a sitting that signs once, because the signature comes with a later request.
    """
    sitting = begin_sitting(
        study=study, purpose=meaning.purpose, method=Proof.PROVIDER, by=signed_in(request)
    )
    _hold(request, study, meaning, sitting)
    return sitting


def sit_down_at_terminal(*, study: Study, meaning: Meaning, password: str, by: Person) -> Sitting:
    """The same for a command, which has no session. Raises WrongPassword, NotAllowed."""
    if not by.check_password(password):
        note_wrong_password(study=study, meaning=meaning, by=by)
        raise WrongPassword(study, by, meaning, Proof.PASSWORD.wrong)
    return begin_sitting(study=study, purpose=meaning.purpose, method=Proof.PASSWORD, by=by)


@transaction.atomic
def note_wrong_password(*, study: Study, meaning: Meaning, by: Person) -> None:
    """Put a failed attempt to sign on record, among the logins."""
    record(
        action="sitting.refused",
        obj=by,
        by=by,
        study=None,
        data={"study": study.slug, "meaning": meaning.value},
    )


@sensitive_variables()
def password_in_json(request: HttpRequest) -> str:
    """The password that a dialog sends; empty where the body holds none."""
    try:
        given = json.loads(request.body)[FIELD]
        given.encode()  # half a character is no password
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return str(given)


def current_sitting(request: HttpRequest, study: Study, purpose: Purpose) -> Sitting | None:
    """The live sitting of this browser session; no query where it never began one."""
    key = _held(request).get(_place(study, purpose))
    return live_sitting(key, study=study, purpose=purpose, by=signed_in(request)) if key else None


def sitting_in(request: HttpRequest, study: Study, meaning: Meaning) -> Sitting:
    """The sitting in which the request signs: begun by the password that it brings, else the live one.

    Raises NotSigned, WrongPassword, TooManyTries, NotAllowed.
    """
    if password := request.POST.get(FIELD):
        return sit_down(request, study, meaning, password)
    sitting = current_sitting(request, study, meaning.purpose)
    if sitting is None:
        raise NotSigned(study, signed_in(request), meaning)
    return sitting


def signature_asked(request: HttpRequest, study: Study, meaning: Meaning) -> dict[str, Any] | None:
    """What a page's script asks the password with, before it sends; None where a sitting is live."""
    if current_sitting(request, study, meaning.purpose) is not None:
        return None
    return dict(NotSigned(study, signed_in(request), meaning).extra["sign"])


def stand_up(request: HttpRequest) -> None:
    """End every sitting of this browser session."""
    if held := _held(request):
        end_sittings(sittings=set(held.values()), by=signed_in(request))
        del request.session[IN_SESSION]


View = Callable[..., Any]


def asks_to_sign(view: View) -> View:
    """Decorator of a view behind a form: where NotSigned is raised, a page asks for the password.

    It holds all that the form sent and sends it again to the same address, so nothing has to be typed twice.
    """

    @sensitive_post_parameters(FIELD)
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        except NotSigned as missing:
            return _ask(request, missing)

    return answer


def _ask(request: HttpRequest, missing: NotSigned) -> HttpResponse:
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (FIELD, "csrfmiddlewaretoken", "back")
        for value in values
    ]
    back = request.POST.get("back") or request.headers.get("Referer", "")
    context = {"missing": missing, "fields": fields, "back": own_page(request, back)}
    return render(request, "signatures/sign.html", context, status=missing.status)


def _hold(request: HttpRequest, study: Study, meaning: Meaning, sitting: Sitting) -> None:
    request.session[IN_SESSION] = _held(request) | {_place(study, meaning.purpose): sitting.pk}


def _held(request: HttpRequest) -> dict[str, int]:
    return dict(request.session.get(IN_SESSION, {}))


def _place(study: Study, purpose: Purpose) -> str:
    return f"{study.pk}:{purpose}"
