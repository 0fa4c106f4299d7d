"""The work kind `adjudicate`: an adjudicator votes unseen, then sees the readers' votes and decides."""

from typing import Any

from django.db import IntegrityError, transaction

from annotation.consensus import store_decision
from annotation.frames import to_case
from annotation.models import Adjudication, BlindVote, Case
from annotation.states import CaseState
from annotation.votes import shown_for, validate_choices, viewer_state
from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import NotAllowed, check_takes_part
from consilium.refusals import Refused
from consilium.workqueue.kinds import InvalidContent, WorkKind
from consilium.workqueue.models import Claim, Kind, Submission, WorkItem

SCHEMA_VERSION = 1
COMMENT_LENGTH = 2000


class AlreadyVotedBlind(Refused):
    """The adjudicator's blind vote is stored; it never changes."""


@transaction.atomic
def vote_blind(*, claim: Claim, by: Person, choices: Any, reasons: Any) -> BlindVote:
    """Store the adjudicator's vote before the readers' votes are shown.

    Raises InvalidContent, NotAllowed, AlreadyVotedBlind.
    """
    if claim.item.kind != Kind.ADJUDICATE or claim.person_id != by.pk:
        raise NotAllowed("Only the adjudicator to whom the case was given votes on it.")
    check_takes_part(by, claim.study)
    cleaned, why = validate_choices(choices, reasons)
    case = Case.objects.get(pk=claim.item.object_id)
    stored = {name: to_case(choice, claim.shown["first"]) for name, choice in cleaned.items()}
    try:
        with transaction.atomic():
            vote = BlindVote.objects.create(case=case, person=by, choices=stored, reasons=why)
    except IntegrityError:
        raise AlreadyVotedBlind("Your first vote on this case is already stored.") from None
    record(action="case.blind_vote", obj=case, by=by, study=claim.study)
    return vote


def validate(item: WorkItem, content: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """The adjudicator's final choices. Raises InvalidContent."""
    if unknown := set(content) - {"choices", "reasons", "comment", "viewer"}:
        raise InvalidContent(dict.fromkeys(unknown, "This field is not part of an adjudication."))
    choices, reasons = validate_choices(content.get("choices"), content.get("reasons"))
    comment = content.get("comment") or ""
    if not isinstance(comment, str) or len(comment) > COMMENT_LENGTH:
        raise InvalidContent({"comment": f"Keep it under {COMMENT_LENGTH} characters."})
    viewer = viewer_state(content.get("viewer"))
    return {"choices": choices, "reasons": reasons, "comment": comment.strip(), "viewer": viewer}


def project(submission: Submission) -> None:
    """Store the decision; on a disputed case it settles it. Raises InvalidContent without a blind vote."""
    case = (
        Case.objects.select_for_update(of=("self",)).select_related("study").get(pk=submission.item.object_id)
    )
    first = submission.shown["first"]
    blind = BlindVote.objects.filter(case=case, person=submission.person).first()
    if blind is None:
        raise InvalidContent({"choices": "Vote unseen first; then the readers' votes are shown."})
    final = {name: to_case(choice, first) for name, choice in submission.content["choices"].items()}
    Adjudication.objects.create(
        submission=submission,
        case=case,
        person=submission.person,
        shown_first=first,
        blind=blind.choices,
        final=final,
        comment=submission.content["comment"],
    )
    if case.state == CaseState.DISPUTED and not submission.is_surplus:
        store_decision(case=case, final=final, by=submission.person, item=submission.item)


ADJUDICATE = WorkKind(
    name=Kind.ADJUDICATE,
    label="Adjudication",
    schema_version=SCHEMA_VERSION,
    screen="annotation:adjudicate",
    validate=validate,
    project=project,
    shown_for=shown_for,
)
