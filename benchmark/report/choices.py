"""What a page of the report shows, read from its address: anything else there is as if it were not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from benchmark.report.kept import KeptReport
from consilium.answers.dimensions import DIMENSIONS

ALL: Final = ""
SORTS: Final = (
    "accuracy", "valid_only", "half", "reference", "strict", "position_consistency",
    "first_position_rate", "invalid_rate", "tie_rate", "judge",
)  # fmt: skip


@dataclass(frozen=True)
class ReportChoices:
    """A dimension, a slice (facet and value, empty for all cases), a sort key, a judge and words of names."""

    dimension: str
    facet: str
    value: str
    sort: str
    judge: str
    words: str

    @property
    def place(self) -> int:
        """Of the dimension."""
        return DIMENSIONS.index(self.dimension)

    @property
    def slice(self) -> str:
        """As the form's choice names it."""
        return f"{self.facet}:{self.value}" if self.facet else ALL

    def query(self, **changes: str) -> str:
        """The address's query, with a question mark; nothing for what is chosen without asking."""
        wanted = {
            "dimension": "" if self.dimension == DIMENSIONS[-1] else self.dimension,
            "slice": self.slice,
            "sort": "" if self.sort == SORTS[0] else self.sort,
            "judge": self.judge,
            "words": self.words,
        } | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value})


def read_choices(given: Mapping[str, str], report: KeptReport) -> ReportChoices:
    """The choices of an address, as far as the report has what they name."""
    facet, _, value = given.get("slice", "").partition(":")
    if value not in report.content["slices"].get(facet, {}):
        facet = value = ALL
    keys = [one["key"] for one in report.content["judges"]]
    dimension, sort, judge = (given.get(name, "") for name in ("dimension", "sort", "judge"))
    return ReportChoices(
        dimension=dimension if dimension in DIMENSIONS else DIMENSIONS[-1],
        facet=facet,
        value=value,
        sort=sort if sort in SORTS else SORTS[0],
        judge=judge if judge in keys else "",
        words=given.get("words", "").strip()[:80],
    )
