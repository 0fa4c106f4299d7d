"""Hands the settled cases of a study to curation, which freezes them into a preference release."""

from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any

from annotation.adjudication import void_decisions
from annotation.agreement import agreement_of
from annotation.models import Case, Consensus
from annotation.release_votes import adjudication_rows, vote_rows
from annotation.states import CaseState
from consilium.people.models import Person, Study
from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Undefined
from curation.images.access import model_image_blobs_of
from curation.models import Release, ReleaseKind, Use
from curation.releases.contents import Gathered, NewRow
from curation.releases.freeze import freeze
from curation.releases.readers import reader_rows
from curation.releases.registry import Freezer
from curation.states import QuestionState

LEFT_OUT = {
    CaseState.DRAFT: "not opened",
    CaseState.OPEN: "still open",
    CaseState.QUIET: "in its quiet period",
    CaseState.DISPUTED: "disputed",
    CaseState.STALLED: "nobody eligible left",
    CaseState.EXCLUDED: "excluded",
}
# What a row is made of; read as values, because most of the time went into model instances.
COLUMNS = (
    "pk", "state", "question_id", "question__state", "question__cluster_id", "question__source__name",
    "question__text", "question__options", "question__organ_system", "question__department",
    "question__modality", "question__specialty", "question__question_type", "question__body_part",
    "question__source__licence", "response_a__text", "response_b__text",
    "response_a__endpoint__name", "response_b__endpoint__name", "response_a__endpoint__family",
    "response_b__endpoint__family",
)  # fmt: skip
OUTCOME = ("case_id", "dimension", "label", "votes_a", "votes_b", "cannot_judge", "is_adjudicated")
VOID = "changed after its adjudicator signed"
PART = 500


def freeze_preferences(
    *, study: Study, name: str, by: Person, derived_from: Release | None = None
) -> Release:
    """Freeze every settled case of test use. Raises what `curation.releases.freeze.freeze` raises."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.PREFERENCES,
        name=name,
        rows=preference_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def agreement_figures(study: Study) -> list[dict[str, Any]]:
    """Per dimension, for the page before a freeze: percent agreement and Gwet AC1 with its interval."""
    return [
        {
            "dimension": row.dimension,
            "percent": _number(row.percent.value),
            "ac1": _number(row.ac1.value),
            "interval": _ends(row.ac1),
        }
        for row in agreement_of(study).rows
    ]


def _ends(found: Estimate) -> list[float] | None:
    ends = found.interval
    return None if isinstance(ends, Undefined) else [float(ends.low), float(ends.high)]


def _number(value: float | Undefined) -> float | None:
    return None if isinstance(value, Undefined) else float(value)


def settled_count(study: Study) -> int:
    """How many rows a preference release has at most now."""
    return Case.objects.filter(study=study, state=CaseState.SETTLED, question__cluster__use=Use.TEST).count()


def preference_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    """Rows of the settled cases, behind each part its votes and adjudications, at the end who read."""
    cases = Case.objects.filter(study=study, question__cluster__use=Use.TEST).order_by("pk")
    waiting, void = cases.values(*COLUMNS).iterator(PART), void_decisions(study)
    people: set[int] = set()
    while part := list(islice(waiting, PART)):
        taken = yield from _part(part, void, gathered)
        yield from vote_rows(study, taken, people)
        yield from adjudication_rows(study, taken, people)
    yield from reader_rows(study, people)


def _part(
    cases: list[dict[str, Any]], void: set[int], gathered: Gathered
) -> Generator[NewRow, None, list[int]]:
    """The rows of some cases, their labels and images being read together; the keys of those cases."""
    outcomes = _outcomes([case["pk"] for case in cases if case["state"] == CaseState.SETTLED])
    blobs = model_image_blobs_of({case["question_id"] for case in cases})
    taken = []
    for case in cases:
        shown = blobs[case["question_id"]]
        reason = VOID if case["pk"] in void else _reason_to_leave(case, shown)
        if reason:
            gathered.leave(reason, case["pk"])
        else:
            taken.append(case["pk"])
            yield _row(case, outcomes[case["pk"]], shown or [])
    return taken


def _outcomes(cases: list[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """Per case: labels, votes and who decided, each by dimension."""
    found: dict[int, dict[str, dict[str, Any]]] = {
        case: {"label": {}, "votes": {}, "adjudicated": {}} for case in cases
    }
    entries = Consensus.objects.filter(case__in=cases).order_by("pk").values_list(*OUTCOME)
    for case, dimension, label, a, b, cannot_judge, is_adjudicated in entries:
        found[case]["label"][dimension] = label or None
        found[case]["votes"][dimension] = {"A": a, "B": b, "cannot_judge": cannot_judge}
        found[case]["adjudicated"][dimension] = is_adjudicated
    return found


def _reason_to_leave(case: dict[str, Any], shown: list[str] | None) -> str:
    if case["state"] != CaseState.SETTLED:
        return LEFT_OUT[CaseState(case["state"])]
    if case["question__state"] != QuestionState.READY:
        return "question dropped"
    return "an image was withdrawn or waits for its pixel review" if shown is None else ""


def _row(case: dict[str, Any], outcome: dict[str, dict[str, Any]], blobs: list[str]) -> NewRow:
    files = {f"images/{sha256[:16]}.png": sha256 for sha256 in blobs}
    content = {
        "id": f"case-{case['pk']}",
        "question_id": f"question-{case['question_id']}",  # as trace and question releases write it
        "question": case["question__text"],
        "options": case["question__options"],
        "images": list(files),
        "sha256": list(files.values()),
        "answer_a": case["response_a__text"],
        "answer_b": case["response_b__text"],
        "model_a": case["response_a__endpoint__name"],
        "model_b": case["response_b__endpoint__name"],
        "family_a": case["response_a__endpoint__family"],
        "family_b": case["response_b__endpoint__family"],
        **outcome,
        "label_origin": "readers",
        "organ_system": case["question__organ_system"],
        "department": case["question__department"],
        "modality": case["question__modality"],
        "question_type": case["question__question_type"],
        "body_part": case["question__body_part"],
        "specialty": case["question__specialty"],
        "license": case["question__source__licence"],
        "source": case["question__source__name"],
        "cluster": f"cluster-{case['question__cluster_id']}",
    }
    return NewRow(row_id=f"case-{case['pk']}", content=content, files=files)


PREFERENCES = Freezer(
    kind=ReleaseKind.PREFERENCES,
    label="Preferences",
    meaning="settled cases with their two answers, labels and votes, to score judges on",
    freeze=freeze_preferences,
    rows=preference_rows,
    place="annotation:case",
    count=settled_count,
    agreement=agreement_figures,
)
