"""The report of a release as it was last computed: kept in a row, brought up to date by a job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from benchmark.kept_leaderboard import counted_answers
from benchmark.models import Evaluation, ReportSummary
from benchmark.report.figures import ComparedPair, JudgeReport, SliceFigures, judge_report
from consilium.jobs.handle import JobHandle
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind, bring_up_to_date, kept_figures, refresh
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.statistics.json_form import as_json, from_json
from curation.models import Release


@dataclass(frozen=True)
class KeptReport:
    """A stored report, read part by part: a page shows a hundredth of the figures of thirty judges.

    `content`: as `as_json` or `folded` made it.
    """

    content: Mapping[str, Any]

    def part(self, name: str) -> Any:
        """A field of JudgeReport; `compared` and `slice_figures` read what is large."""
        return from_json(get_type_hints(JudgeReport)[name], self.content[name])

    def compared(self, dimension: str) -> list[ComparedPair]:
        """The pairs of ranked judges in one dimension."""
        found: list[ComparedPair] = from_json(
            list[ComparedPair], _unfolded(self.content["comparisons"][dimension])
        )
        return found

    def slice_sizes(self) -> dict[str, dict[str, int]]:
        """Facet to value to number of cases."""
        return {
            facet: {value: one["cases"] for value, one in values.items()}
            for facet, values in self.content["slices"].items()
        }

    def slice_figures(self, facet: str, value: str) -> SliceFigures:
        """One slice. Raises KeyError when there is none such."""
        one = self.content["slices"][facet][value]
        found: SliceFigures = from_json(SliceFigures, {**one, "rows": _unfolded(one["rows"])})
        return found

    def plain(self) -> dict[str, Any]:
        """The content without folds."""
        return {
            **self.content,
            "comparisons": {name: _unfolded(one) for name, one in self.content["comparisons"].items()},
            "slices": {
                facet: {value: {**one, "rows": _unfolded(one["rows"])} for value, one in values.items()}
                for facet, values in self.content["slices"].items()
            },
        }


def folded(content: Mapping[str, Any]) -> dict[str, Any]:
    """A report's JSON with the rows of each slice and the pairs of each dimension as texts in it.

    They are nine tenths of it, and a page shows one of them: to take apart all cost more than the page.
    """
    return {
        **content,
        "comparisons": {name: _as_text(one) for name, one in content["comparisons"].items()},
        "slices": {
            facet: {value: {**one, "rows": _as_text(one["rows"])} for value, one in values.items()}
            for facet, values in content["slices"].items()
        },
    }


def _as_text(part: Any) -> str:
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)


def _unfolded(part: Any) -> Any:
    return json.loads(part) if isinstance(part, str) else part


def kept_report(release: Release) -> tuple[KeptReport | None, Kept]:
    """The report and how old its figures are; none while they are computed the first time."""
    kept = kept_figures(REPORT, _key(release), release.study)
    return (KeptReport(kept.summary.content) if kept.summary else None), kept


def refresh_report(release: Release, by: Person) -> None:
    """Compute the figures anew. Raises NotAllowed."""
    check_lead(by, release.study)
    refresh(REPORT, _key(release), release.study, by)


def summarise_report(handle: JobHandle) -> dict[str, Any]:
    """The job behind the report of a release with many answers."""
    return bring_up_to_date(REPORT, handle)


def _key(release: Release) -> Key:
    return {"release_id": release.pk}


def _content(key: Key) -> dict[str, Any]:
    return folded(as_json(judge_report(Release.objects.get(pk=key["release_id"]))))


def _inputs(key: Key) -> Inputs:
    """Every evaluation of the release: controls and repeats have a part of their own."""
    return counted_answers(Evaluation.objects.filter(release=key["release_id"]))


REPORT = SummaryKind("benchmark.report", ReportSummary, _inputs, _content)
