"""What the frame of every page shows: the studies of the person and the places their role may visit."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from consilium.disk_space import SHORT_SHARE, disk_space
from consilium.people.access_words import shown_to_person
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import OPERATOR, SENIORS, roles_of
from consilium.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation: where it leads and who sees it."""

    label: str
    view: str
    icon: str
    roles: frozenset[str]
    hotkey: str = ""


EVERYBODY = frozenset({Role.ANNOTATOR.value, Role.ADJUDICATOR.value, Role.LEAD.value})
LEADS = frozenset({Role.LEAD.value})
OF_SENIORS = frozenset(SENIORS)

OWN_WORK = frozenset({"work:queue", "people:take-part"})  # members have it; break-glass shows none

SECTIONS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("Overview", "site:study", "home", LEADS, "g o"),
            Place("My work", "work:queue", "queue", EVERYBODY, "g w"),
            Place("Guidelines", "people:guidelines", "study", EVERYBODY),
            Place("Taking part", "people:take-part", "person", EVERYBODY),
        ),
    ),
    (
        "Data",
        (
            Place("Imports", "curation:imports", "upload", LEADS),
            Place("Images", "curation:images", "image", LEADS, "g i"),
            Place("Pixel review", "curation:pixel-reviews", "search", OF_SENIORS),
            Place("Questions", "curation:questions", "question", LEADS, "g q"),
            Place("Traces", "curation:traces", "trace", OF_SENIORS, "g t"),
        ),
    ),
    (
        "Judging",
        (
            Place("Rounds", "annotation:rounds", "review", LEADS),
            Place("Cases", "annotation:cases", "compare", LEADS, "g c"),
            Place("Agreement", "annotation:agreement", "adjudicate", LEADS),
            Place("Label Studio", "annotation:label-studio", "external", LEADS),
        ),
    ),
    (
        "Models",
        (
            Place("Releases", "curation:releases", "release", LEADS, "g r"),
            Place("Pushes", "hub:pushes", "upload", LEADS),
            Place("Training", "training:runs", "training", LEADS),
            Place("Pipelines", "site:pipelines", "play", LEADS),
            Place("Leaderboard", "benchmark:leaderboard", "benchmark", LEADS, "g l"),
            Place("Endpoints", "calls:endpoints", "model", LEADS),
        ),
    ),
    (
        "Study",
        (
            Place("Members", "people:members", "people", LEADS),
            Place("Settings", "people:settings", "settings", LEADS),
            Place("Record", "site:record", "audit", LEADS),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: `navigation`, `current_study`, `my_studies`, `my_role`, and the banners'
    `low_disk`, `break_glass` and `access_notices`.
    """
    if frame := getattr(request, "frame", ""):  # a part of a page: nothing of the frame is shown
        return {"frame": frame}
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {}
    studies = _STUDIES(person=person.pk)
    slug = request.resolver_match.kwargs.get("study") if request.resolver_match else None
    glass = getattr(request, "break_glass", None)
    current = glass.study if glass else next((study for study in studies if study.slug == slug), None)
    held = getattr(request, "study_roles", None)  # the view has read them, where it is one of a study
    roles = roles_of(person, current) if held is None else held
    sections = [*_study_sections(request, current, roles, glass is not None), *_site_sections(request, roles)]
    return {
        "navigation": sections,
        "current_study": current,
        "low_disk": _low_disk(roles),
        "break_glass": glass,
        "access_notices": shown_to_person(person) if person.has_notices else [],
        "my_role": ", ".join(sorted(Role(role).label for role in roles - {OPERATOR})),
        "my_studies": [
            {"name": study.name, "slug": study.slug, "url": reverse("site:study", args=[study.slug])}
            for study in studies
        ],
    }


_STUDIES = Prepared(lambda person: Study.objects.visible_to(person).order_by("name"), person=int)


def _low_disk(roles: frozenset[str]) -> str:
    """What leads and operators are told while the disk has little room; empty otherwise."""
    if not roles & {Role.LEAD, OPERATOR}:
        return ""
    space = disk_space()
    if not space.is_low:
        return ""
    stop = "have stopped" if space.is_short else f"stop at {SHORT_SHARE:.0%}"
    advice = "Free some space." if OPERATOR in roles else "Tell the operator."
    return f"{space} is free. Uploads and exports {stop}; votes are still taken. {advice}"


def _study_sections(
    request: HttpRequest, study: Study | None, roles: frozenset[str], by_glass: bool
) -> list[dict[str, Any]]:
    if study is None:
        return []
    sections = []
    for label, places in SECTIONS:
        seen = [
            place for place in places if place.roles & roles and not (by_glass and place.view in OWN_WORK)
        ]
        items = [_item(request, place, study) for place in seen]
        if items:
            sections.append({"label": label, "items": items})
    return sections


def _site_sections(request: HttpRequest, roles: frozenset[str]) -> list[dict[str, Any]]:
    if OPERATOR not in roles:
        return []
    places = (
        Place("State of the site", "site:state", "check", frozenset({OPERATOR})),
        Place("Accounts", "people:accounts", "key", frozenset({OPERATOR})),
        Place("Break-glass", "people:break-glass", "lock", frozenset({OPERATOR})),
        Place("Shared models", "calls:shared", "model", frozenset({OPERATOR})),
        Place("Model registry", "calls:site-entries", "model", frozenset({OPERATOR})),
        Place("Hub", "hub:token", "external", frozenset({OPERATOR})),
        Place("Design system", "site:design", "study", frozenset({OPERATOR})),
    )
    return [{"label": "Site", "items": [_item(request, place, None) for place in places]}]


def _item(request: HttpRequest, place: Place, study: Study | None) -> dict[str, Any]:
    url = reverse(place.view, kwargs={"study": study.slug} if study else {})
    return {
        "label": place.label,
        "url": url,
        "icon": place.icon,
        "current": request.path == url,
        "hotkey": place.hotkey,
    }
