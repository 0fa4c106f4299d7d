"""What evaluations say of one model, for its card: whole ones alone, and of each release the newest."""

from collections.abc import Iterator

from benchmark.kept_leaderboard import kept_judges, kept_solvers
from benchmark.leaderboard import JudgeLine, SolverLine, judge_lines, solver_lines
from benchmark.models import Evaluation, EvaluationKind
from consilium.inference.models import ModelEndpoint
from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Undefined
from curation.cards.model_results import ModelResult
from curation.models import Release


def measured_results(model: ModelEndpoint) -> list[ModelResult]:
    """Accuracy as a solver, and overall accuracy as a judge, on each release the model was scored on."""
    scored = Evaluation.objects.filter(endpoint=model).order_by().values_list("release", "kind").distinct()
    releases = Release.objects.select_related("study").in_bulk([release for release, _ in scored])
    return [
        result
        for pk, kind in sorted(scored)
        for line in _lines(releases[pk], kind)
        if line.evaluation.endpoint_id == model.pk and line.is_complete
        for result in _result(releases[pk], line)
    ]


def _lines(release: Release, kind: str) -> list[JudgeLine] | list[SolverLine]:
    """The board's lines: those kept where they are of now, else computed."""
    if kind == EvaluationKind.JUDGE:
        judges, kept = kept_judges(release)
        return judges.lines if judges and kept.is_current else judge_lines(release)
    solvers, kept = kept_solvers(release)
    return solvers.lines if solvers and kept.is_current else solver_lines(release)


def _result(release: Release, line: JudgeLine | SolverLine) -> Iterator[ModelResult]:
    if isinstance(line, JudgeLine):
        metric, estimate, rows = (
            "overall accuracy over both orders",
            line.overall.accuracy,
            line.overall.cases,
        )
    else:
        metric, estimate, rows = "accuracy, an invalid answer being wrong", line.accuracy, line.asked
    if isinstance(estimate.value, Undefined):
        return
    low, high = _ends(estimate)
    yield ModelResult(
        task="judge" if isinstance(line, JudgeLine) else "solver",
        release=release.name,
        digest=release.digest,
        folder=f"{release.study.slug}-{release.kind}-{release.digest[:12]}",
        metric=metric,
        value=estimate.value,
        low=low,
        high=high,
        rows=rows,
        method=" ".join(line.evaluation.method),
    )


def _ends(estimate: Estimate) -> tuple[float | None, float | None]:
    found = estimate.interval
    return (None, None) if isinstance(found, Undefined) else (found.low, found.high)
