"""Loads a study for a request: 404 for people outside it, 403 for the wrong role.

An operator outside the study may read it by break-glass (break_glass.py): the pages of its leads, no others.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from consilium.people.break_glass import ReadingOnly, live_glass, note_opened
from consilium.people.models import Person, Role, Study
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


def study_view(*roles: str, by_glass: bool = False) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Decorator of a view at `s/<slug:study>/...`: it gets the Study instead of the slug.

    A person outside the study gets a 404; when `roles` are named, a member of another role a 403. The roles
    that were read stay on the request as `study_roles`, for the frame of the page.
    Break-glass opens the views that leads have a role in, and those that say `by_glass`.
    """
    is_for_glass = by_glass or Role.LEAD in roles

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def answer(request: HttpRequest, study: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                found, held = study_for(signed_in(request), study, *roles)
            except Http404:
                if not is_for_glass:
                    raise
                found, held = _through_glass(request, study)
            request.study_roles = held  # type: ignore[attr-defined]
            return view(request, found, *args, **kwargs)

        def check_entrance(request: HttpRequest, study: str, **kwargs: object) -> None:
            study_for(signed_in(request), study, *roles)

        setattr(answer, ENTRANCE, check_entrance)
        return answer

    return decorate


def held_roles(request: HttpRequest) -> frozenset[str]:
    """What study_view read: the person's roles in the study of this page, a lead's for break-glass."""
    return cast("frozenset[str]", request.study_roles)  # type: ignore[attr-defined]


def glass_roles(request: HttpRequest, study: Study) -> frozenset[str]:
    """A lead's role for what an operator reads by break-glass, which is noted first; else no role at all.

    Sets `break_glass` on the request, for the frame of the page. Raises ReadingOnly for a change.
    """
    glass = live_glass(signed_in(request), study)
    if glass is None:
        return frozenset()
    if request.method not in ("GET", "HEAD"):
        raise ReadingOnly
    match = request.resolver_match
    assert match is not None, "a view has an address"
    # The frames of an image are one object.
    objects = {name: value for name, value in match.kwargs.items() if name not in ("study", "number")}
    note_opened(glass, match.view_name, objects)
    request.break_glass = glass  # type: ignore[attr-defined]
    return frozenset({Role.LEAD.value, OPERATOR})


def _through_glass(request: HttpRequest, slug: str) -> tuple[Study, frozenset[str]]:
    study = _STUDY.first(slug=slug)
    held = glass_roles(request, study) if study is not None else frozenset()
    if study is None or not held:
        raise Http404("No such study.")
    return study, held
