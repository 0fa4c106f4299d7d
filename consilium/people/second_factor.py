"""The second factor that leads and operators must have, where the operator's settings demand it."""

from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from consilium.people.models import Membership, Person, Role
from consilium.people.requests import own_page, signed_in

LEADS, OPERATORS = "leads", "operators"
DEMANDED_OF: Final = (LEADS, OPERATORS)
# Keeps out of the database what a session has found out once.
IN_SESSION: Final = "second_factor"


def has_factor(request: HttpRequest, person: Person) -> bool:
    """Whether the person has set one up; asked of the database until a session has seen one."""
    if request.session.get(IN_SESSION) == person.pk:
        return True
    found: bool = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()
    if found:
        request.session[IN_SESSION] = person.pk
    return found


def is_demanded(person: Person, study: str) -> bool:
    """Whether what is done in the study at `study`, or outside all of them (empty), needs a second factor.

    A lead's own study; for an operator whatever they are no annotator or adjudicator in.
    """
    wanted: list[str] = settings.SECOND_FACTOR
    role = None
    if study:
        mine = Membership.objects.filter(study__slug=study, person=person, is_active=True)
        role = mine.values_list("role", flat=True).first()
    if role == Role.LEAD:
        return LEADS in wanted or (OPERATORS in wanted and person.is_operator)
    return role is None and OPERATORS in wanted and person.is_operator


def is_demanded_anywhere(person: Person) -> bool:
    """Whether the person must keep a second factor."""
    wanted: list[str] = settings.SECOND_FACTOR
    if OPERATORS in wanted and person.is_operator:
        return True
    leads = Membership.objects.filter(person=person, role=Role.LEAD, is_active=True)
    return LEADS in wanted and leads.exists()


def demanded(request: HttpRequest) -> HttpResponse:
    """The page that says so and leads to setting one up."""
    person = signed_in(request)
    context = {
        "back": own_page(request, request.GET.get("next", "")),
        "has_factor": has_factor(request, person),
    }
    return render(request, "people/second_factor.html", context)
