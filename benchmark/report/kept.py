"""The report of a release as it was last computed: kept in a row, brought up to date by a job."""

from dataclasses import dataclass
from typing import Any, get_type_hints

from benchmark.kept_leaderboard import counted_answers
from benchmark.models import Evaluation, ReportSummary
from benchmark.report.figures import JudgeReport, SliceFigures, judge_report
from consilium.jobs.handle import JobHandle
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind, bring_up_to_date, kept_figures, refresh
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.statistics.json_form import as_json, from_json
from curation.models import Release


@dataclass(frozen=True)
class KeptReport:
    """A stored report, read part by part: a page shows a hundredth of the figures of thirty judges."""

    content: dict[str, Any]

    def part(self, name: str) -> Any:
        """A field of JudgeReport."""
        return from_json(get_type_hints(JudgeReport)[name], self.content[name])

    def slice_sizes(self) -> dict[str, dict[str, int]]:
        """Facet to value to number of cases."""
        return {
            facet: {value: one["cases"] for value, one in values.items()}
            for facet, values in self.content["slices"].items()
        }

    def slice_figures(self, facet: str, value: str) -> SliceFigures:
        """One slice. Raises KeyError when there is none such."""
        found: SliceFigures = from_json(SliceFigures, self.content["slices"][facet][value])
        return found


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
    content: dict[str, Any] = as_json(judge_report(Release.objects.get(pk=key["release_id"])))
    return content


def _inputs(key: Key) -> Inputs:
    """Every evaluation of the release: controls and repeats have a part of their own."""
    return counted_answers(Evaluation.objects.filter(release=key["release_id"]))


REPORT = SummaryKind("benchmark.report", ReportSummary, _inputs, _content)
