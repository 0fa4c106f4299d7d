"""Loads a study for a request: 404 for people outside it, 403 for the wrong role."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from consilium.people.models import Person, Study
from consilium.people.permissions import OPERATOR, check_roles, roles_of
from consilium.people.requests import ENTRANCE, signed_in
from consilium.prepared import Prepared

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Study, P], HttpResponseBase]


def study_for(person: Person, slug: str, *roles: str) -> tuple[Study, frozenset[str]]:
    """The study and the person's roles in it, if the person is a member (else Http404) and holds one of
    `roles` when any are named.

    Raises NotAllowed (a 403) for a member of another role.
    """
    study = _STUDY.first(slug=slug)
    held = roles_of(person, study)
    if study is None or not held - {OPERATOR}:
        raise Http404("No such study.")
    if roles:
        check_roles(held, *roles)
    return study, held


_STUDY = Prepared(lambda slug: Study.objects.filter(slug=slug), slug=str)


def check_member(person: Person, study: Study | None) -> None:
    """Raise Http404 unless the person is an active member: outsiders cannot tell that the object exists."""
    if study is None or not roles_of(person, study) - {OPERATOR}:
        raise Http404("Not found.")


def study_view(*roles: str) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Decorator of a view at `s/<slug:study>/...`: it gets the Study instead of the slug.

    A person outside the study gets a 404; when `roles` are named, a member of another role a 403. The roles
    that were read stay on the request as `study_roles`, for the frame of the page.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def answer(request: HttpRequest, study: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            found, held = study_for(signed_in(request), study, *roles)
            request.study_roles = held  # type: ignore[attr-defined]
            return view(request, found, *args, **kwargs)

        def check_entrance(request: HttpRequest, study: str, **kwargs: object) -> None:
            study_for(signed_in(request), study, *roles)

        setattr(answer, ENTRANCE, check_entrance)
        return answer

    return decorate
