"""The work kind `adjudicate`: an adjudicator votes unseen, then sees the readers' votes and decides."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction

from annotation.consensus import store_decision
from annotation.frames import label_of, to_case
from annotation.models import Adjudication, BlindVote, Case, Choice, Consensus
from annotation.states import CaseState
from annotation.votes import shown_for, validate_choices, viewer_state
from consilium.audit.record import record
from consilium.canonical_json import canonical_sha256
from consilium.people.models import Person, Study, pseudonym
from consilium.people.permissions import NotAllowed, check_takes_part
from consilium.refusals import Refused
from consilium.signatures.models import Meaning
from consilium.signatures.sign import SignatureLine, signature_lines, signed_digests
from consilium.workqueue.kinds import InvalidContent, SignedWork, WorkKind
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


def _labels(final: dict[str, str]) -> dict[str, str]:
    """The labels that a decision makes; none where the adjudicator cannot judge."""
    return {name: label for name, choice in final.items() if (label := label_of(Choice(choice)))}


def decision_content(decision: Adjudication, labels: dict[str, str]) -> dict[str, Any]:
    """What an adjudicator signs: the choices before and after, the comment, and the labels that they made."""
    return {
        "case": decision.case_id,
        "blind": decision.blind,
        "final": decision.final,
        "comment": decision.comment,
        "labels": labels,
    }


def _content(submission: Submission) -> dict[str, Any]:
    decision = submission.adjudication
    return decision_content(decision, {} if submission.is_surplus else _labels(decision.final))


def _content_now(decision: Adjudication, stored: dict[str, str]) -> dict[str, Any]:
    """The same of what is stored now; `stored` are the labels of the case by dimension."""
    made = {} if decision.submission.is_surplus else _labels(decision.final)
    return decision_content(decision, {name: stored.get(name, "") for name in made})


def decision_signatures(
    decisions: Collection[Adjudication], stored: dict[str, str]
) -> dict[int, list[SignatureLine]]:
    """What was signed of these decisions of one case, by the submission's key, under the pseudonym.

    `stored`: the labels of the case by dimension; a signature is void where they are no longer what it made.
    """
    by_key = {decision.submission_id: decision for decision in decisions}
    return signature_lines(
        Submission,
        list(by_key),
        lambda made: _content_now(by_key[made.object_id], stored),
        name_of=lambda made: pseudonym(made.study_id, made.signer_id),
    )


def void_decisions(study: Study) -> set[int]:
    """Keys of the cases whose adjudicator signed something else than what is stored now."""
    signed = signed_digests(Submission, study, Meaning.ADJUDICATED)
    if not signed:
        return set()
    stored: dict[int, dict[str, str]] = defaultdict(dict)
    entries = Consensus.objects.filter(case__study=study, case__adjudications__isnull=False).distinct()
    for case, dimension, label in entries.values_list("case_id", "dimension", "label"):
        stored[case][dimension] = label
    decisions = Adjudication.objects.filter(case__study=study).select_related("submission")
    return {
        decision.case_id
        for decision in decisions.iterator()
        if (digest := signed.get(decision.submission_id))
        and canonical_sha256(_content_now(decision, stored[decision.case_id])) != digest
    }


ADJUDICATE = WorkKind(
    name=Kind.ADJUDICATE,
    label="Adjudication",
    schema_version=SCHEMA_VERSION,
    screen="annotation:adjudicate",
    validate=validate,
    project=project,
    shown_for=shown_for,
    signature=SignedWork(Meaning.ADJUDICATED, _content),
)
