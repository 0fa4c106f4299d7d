"""The readers' single votes as a release carries them, overall; releases of imported labels have none."""

from dataclasses import dataclass
from typing import Final

from curation.models import Release
from curation.releases.freeze import side_rows_of

TABLE: Final = "votes"
_OVERALL: Final = "overall"


@dataclass(frozen=True, slots=True)
class ReleasedVote:
    """What a reader, by pseudonym, preferred overall: A or B, and which of them was shown first."""

    case: str
    reader: str
    choice: str
    shown_first: str


def released_votes(release: Release) -> list[ReleasedVote]:
    """Every reader's newest vote for a case that counted and names an answer."""
    rows = side_rows_of(release, TABLE).values_list("content", flat=True)
    once: dict[str, str] = {}  # names that hundreds of thousands of votes repeat
    return [
        ReleasedVote(
            once.setdefault(row["case_id"], row["case_id"]),
            once.setdefault(row["reader"], row["reader"]),
            letter,
            once.setdefault(row["shown_first"], row["shown_first"]),
        )
        for row in rows.iterator(5000)
        if row["is_newest"] and not row["is_surplus"]
        for letter in [row["choices"][_OVERALL][:1].upper()]
        if letter in ("A", "B")
    ]
