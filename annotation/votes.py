"""The work kind `compare`: what a vote must hold, what each reader is shown, and its typed row."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from annotation.consensus import count_votes
from annotation.frames import CANNOT_JUDGE_REASONS, SHOWN_CHOICES, SHOWN_HARM, side, to_case
from annotation.models import Case, Vote
from consilium.answers.dimensions import DIMENSIONS
from consilium.people.models import Person
from consilium.prepared import Prepared, insert
from consilium.workqueue.kinds import InvalidContent, Shown, WorkKind
from consilium.workqueue.models import Claim, Kind, Submission, WorkItem
from consilium.workqueue.open import shuffle_of

SCHEMA_VERSION = 1
RATIONALE_LENGTH = 2000
VIEWER_LENGTH = 4000
FIELDS = frozenset({"choices", "reasons", "rationales", "harm", "viewer"})


def validate_choices(choices: Any, reasons: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The six shown choices and the reasons of those that could not be judged. Raises InvalidContent."""
    errors: dict[str, str] = {}
    given = choices if isinstance(choices, dict) else {}
    why = reasons if isinstance(reasons, dict) else {}
    errors |= {f"choices.{name}": "There is no such dimension." for name in given if name not in DIMENSIONS}
    for name in DIMENSIONS:
        if given.get(name) not in SHOWN_CHOICES:
            errors[f"choices.{name}"] = f"Choose one of the steps for {name}."
        elif given[name] == "cannot_judge" and why.get(name) not in CANNOT_JUDGE_REASONS:
            errors[f"reasons.{name}"] = f"Say why {name} cannot be judged."
    if errors:
        raise InvalidContent(errors)
    unsure = {name: why[name] for name in DIMENSIONS if given[name] == "cannot_judge"}
    return {name: given[name] for name in DIMENSIONS}, unsure


def validate(item: WorkItem, content: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """The cleaned vote in the shown frame. Raises InvalidContent."""
    if unknown := set(content) - FIELDS:
        raise InvalidContent(dict.fromkeys(unknown, "This field is not part of a vote."))
    choices, reasons = validate_choices(content.get("choices"), content.get("reasons"))
    harm = content.get("harm") or "neither"
    if harm not in SHOWN_HARM:
        raise InvalidContent({"harm": "Choose neither, the first, the second or both."})
    rationales = _rationales(content.get("rationales"))
    return {
        "choices": choices,
        "reasons": reasons,
        "rationales": rationales,
        "harm": harm,
        "viewer": viewer_state(content.get("viewer")),
    }


def viewer_state(given: Any) -> dict[str, Any]:
    """What the browser says was seen of the images; anything else than a small object is left out."""
    return given if isinstance(given, dict) and len(str(given)) < VIEWER_LENGTH else {}


def _rationales(given: Any) -> dict[str, str]:
    texts = given if isinstance(given, dict) else {}
    errors: dict[str, str] = {}
    for name, text in texts.items():
        if name not in DIMENSIONS or not isinstance(text, str):
            errors[f"rationales.{name}"] = "This is not a rationale of a dimension."
        elif len(text) > RATIONALE_LENGTH:
            errors[f"rationales.{name}"] = f"Keep it under {RATIONALE_LENGTH} characters."
    if errors:
        raise InvalidContent(errors)
    return {name: text.strip() for name, text in texts.items() if text.strip()}


def shown_for(item: WorkItem, person: Person, others: Sequence[Shown]) -> Shown:
    """Which answer this reader sees first: balanced over the case's readers, then the reader's cases.

    `lead` counts how many more cases showed this reader A first than B first, this one included.
    """
    on_case = sum(_step(shown) for shown in others)
    by_reader = _lead_of(item, person)
    lead = on_case or by_reader or (1 if shuffle_of(person.pk, item.kind, item.object_id) % 2 else -1)
    first = "b" if lead > 0 else "a"
    return {"first": first, "lead": by_reader + _step({"first": first})}


def shown_in_order(item: WorkItem, person: Person, first: str) -> Shown:
    """What a reader was shown who saw answer `first` ("a" or "b") first, in an order not decided here."""
    return {"first": first, "lead": _lead_of(item, person) + _step({"first": first})}


def _step(shown: Shown) -> int:
    return 1 if shown.get("first") == "a" else -1


def _lead_of(item: WorkItem, person: Person) -> int:
    """The reader's lead after the newest case; counted where that case was shown before leads were kept."""
    newest = _NEWEST.first(study=item.study_id, person=person.pk, kind=item.kind)
    if newest is None:
        return 0
    if "lead" in newest.shown:
        return int(newest.shown["lead"])
    mine = Claim.objects.filter(study=item.study_id, person=person, item__kind=item.kind)
    return sum(_step(shown) for shown in mine.values_list("shown", flat=True))


def _newest_claim(study: int, person: int, kind: str) -> QuerySet[Claim]:
    mine = Claim.objects.filter(study=study, person=person, item__kind=kind)
    return mine.order_by("-pk").only("shown")[:1]


_NEWEST = Prepared(_newest_claim, study=int, person=int, kind=str)


def project(submission: Submission) -> None:
    """Store the vote in the frame of the case and see what it means for the case."""
    case = _LOCKED_CASE.first(pk=submission.item.object_id)
    if case is None:
        raise LookupError("The item names no case.")
    case.study = submission.study
    first, content = submission.shown["first"], submission.content
    vote = Vote(
        submission=submission,
        case=case,
        person=submission.person,
        shown_first=first,
        harm=side(content["harm"], first),
        rationales=content["rationales"],
        cannot_judge_reasons=content["reasons"],
        **{name: to_case(choice, first) for name, choice in content["choices"].items()},
    )
    insert([vote])
    if not submission.is_surplus:
        count_votes(case=case, item=submission.item)


_LOCKED_CASE = Prepared(lambda pk: Case.objects.select_for_update().filter(pk=pk), pk=int)

COMPARE = WorkKind(
    name=Kind.COMPARE,
    label="Comparison",
    schema_version=SCHEMA_VERSION,
    screen="annotation:compare",
    validate=validate,
    project=project,
    shown_for=shown_for,
)
