"""Who may do what with data; `check_*` raises, `can_*` returns a bool, `for_*` keeps the rows to act on."""

from collections.abc import Iterable

from django.db.models import QuerySet

from consilium.people.models import Membership, Person, Study
from consilium.people.permissions import SENIORS, NotAllowed, check_senior, roles_of
from consilium.refusals import Refused
from curation.models import Image, Release, ReleaseRow, ReleaseSideRow, Source, Trace


class SourceRefused(Refused):
    """What is asked needs a permission that a source does not give; the text names both."""


RULES = {
    "may_train": "being trained on",
    "may_send_to_hosted": "being sent to hosted models",
    "may_redistribute": "being passed on",
}


def check_sources(study: Study, names: Iterable[str], rule: str, *, of: object = "") -> None:
    """Raise SourceRefused unless every source of these names permits what `rule` (of RULES) says, now.

    `of` is what was asked for, e.g. the model, where several may be asked for at once.
    """
    permitted = Source.objects.filter(study=study, **{rule: True}).values_list("name", flat=True)
    _check_permitted(names, permitted, rule, of)


def _check_permitted(names: Iterable[str], permitted: Iterable[str], rule: str, of: object) -> None:
    if refused := sorted(set(map(str, names)) - set(permitted)):
        asked = f"{of}: " if of else ""
        raise SourceRefused(f"{asked}source {refused[0]!r} does not permit {RULES[rule]} (rule {rule}).")


def check_release_sources(release: Release, rule: str, *, of: object = "") -> None:
    """The same for every source of a release's rows.

    Of an imported release its own table of sources says what is permitted: the study has no say over data
    that another site collected.
    """
    rows = ReleaseRow.objects.filter(release=release).order_by()
    names = set(rows.values_list("content__source", flat=True).distinct())
    if release.came_from is None:
        check_sources(release.study, names, rule, of=of)
        return
    table = ReleaseSideRow.objects.filter(release=release, table="sources").values_list("content", flat=True)
    permitted = {str(source["name"]) for source in table if source.get(rule) is True}
    _check_permitted(names, permitted, rule, of)


def check_may_sign(person: Person, image: Image) -> None:
    """Raise NotAllowed unless the person may sign these pixels: a senior who did not bring them in.

    A study with a single senior may sign its own uploads: there is nobody else.
    """
    check_senior(person, image.study)
    uploader = image.batch.created_by_id if image.batch else None
    if uploader == person.pk and _has_another_senior(image.study, person):
        raise NotAllowed("You brought this image in; a second person has to look at its pixels.")


def _has_another_senior(study: Study, person: Person) -> bool:
    seniors = Membership.objects.filter(study=study, role__in=SENIORS, is_active=True)
    return seniors.exclude(person=person).exists()


def for_signing(person: Person, study: Study, images: "QuerySet[Image]") -> "QuerySet[Image]":
    """Those images of the study whose pixels a senior may sign: the rule of `check_may_sign`."""
    return images.exclude(batch__created_by=person) if _has_another_senior(study, person) else images


def can_sign(person: Person, image: Image) -> bool:
    """Whether the pixel review shows its buttons."""
    try:
        check_may_sign(person, image)
    except NotAllowed:
        return False
    return True


def check_may_settle(person: Person, trace: Trace) -> None:
    """Raise NotAllowed unless the person is a senior who did not review the trace."""
    check_senior(person, trace.study)
    if trace.reviews.filter(person=person).exists():
        raise NotAllowed("You reviewed this trace; somebody who did not has to settle it.")


def for_settling(person: Person, traces: "QuerySet[Trace]") -> "QuerySet[Trace]":
    """Those disputed traces that a senior may settle: the rule of `check_may_settle`."""
    return traces.exclude(reviews__person=person)


def can_settle(person: Person, trace: Trace) -> bool:
    """Whether the trace page offers the person to settle it."""
    senior = bool(roles_of(person, trace.study) & set(SENIORS))
    return senior and not trace.reviews.filter(person=person).exists()
