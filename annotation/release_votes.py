"""The votes and adjudications behind the cases of a preference release, without names and words."""

from collections.abc import Iterator
from typing import Any, Final

from annotation.models import Adjudication, Dimension, Vote
from consilium.people.models import Study, pseudonym
from curation.releases.background import week_of
from curation.releases.contents import NewRow

VOTES: Final = "votes"
ADJUDICATIONS: Final = "adjudications"
COLUMNS: Final = (
    "submission_id", "case_id", "person_id", "shown_first", "harm", "cannot_judge_reasons",
    "submission__version", "submission__is_surplus", "submission__active_seconds",
    "submission__guideline__number", "submission__submitted_at", "submission__shown__taken_at",
    *Dimension.values,
)  # fmt: skip


def vote_rows(study: Study, cases: list[int], people: set[int]) -> Iterator[NewRow]:
    """Every version of every reader's vote, in the frame of the case; adds the readers to `people`."""
    votes = Vote.objects.filter(case__in=cases).order_by("case", "submission")
    found = list(votes.values(*COLUMNS))
    newest: dict[tuple[int, int], int] = {}
    for vote in found:
        key = (vote["case_id"], vote["person_id"])
        newest[key] = max(newest.get(key, 0), vote["submission__version"])
    names = {person: pseudonym(study.pk, person) for _, person in newest}
    people.update(names)
    for vote in found:
        key = (vote["case_id"], vote["person_id"])
        is_newest = newest[key] == vote["submission__version"]
        yield _row(vote, names[vote["person_id"]], is_newest=is_newest)


def _row(vote: dict[str, Any], reader: str, *, is_newest: bool) -> NewRow:
    row_id = f"vote-{vote['submission_id']}"
    content = {
        "id": row_id,
        "case_id": f"case-{vote['case_id']}",
        "reader": reader,
        "version": vote["submission__version"],
        "is_newest": is_newest,
        "is_surplus": vote["submission__is_surplus"],
        "shown_first": vote["shown_first"].upper(),
        "choices": {name: vote[name] for name in Dimension.values},
        "cannot_judge": vote["cannot_judge_reasons"],
        "harm": vote["harm"],
        "seconds_active": vote["submission__active_seconds"],
        "guideline_version": vote["submission__guideline__number"],
        "week": week_of(vote["submission__submitted_at"]),
        "taken_at": vote["submission__shown__taken_at"] or "",
    }
    return NewRow(row_id, content, table=VOTES)


def adjudication_rows(study: Study, cases: list[int], people: set[int]) -> Iterator[NewRow]:
    """Every version of every adjudication: the senior's vote unseen, and the final one; adds to `people`."""
    found = Adjudication.objects.filter(case__in=cases).order_by("case", "submission")
    for decided in found.select_related("submission__guideline"):
        submission, guideline = decided.submission, decided.submission.guideline
        row_id = f"adjudication-{submission.pk}"
        people.add(decided.person_id)
        content = {
            "id": row_id,
            "case_id": f"case-{decided.case_id}",
            "senior": pseudonym(study.pk, decided.person_id),
            "version": submission.version,
            "shown_first": decided.shown_first.upper(),
            "blind": decided.blind,
            "final": decided.final,
            "seconds_active": submission.active_seconds,
            "guideline_version": guideline.number if guideline else None,
            "week": week_of(submission.submitted_at),
        }
        yield NewRow(row_id, content, table=ADJUDICATIONS)
