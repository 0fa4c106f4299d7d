"""The leaderboard of a release as it was last computed: kept in a row, brought up to date by a job."""

from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from django.db.models import QuerySet

from benchmark.leaderboard import JudgeLine, SolverLine, answers_of, chance, judge_lines, solver_lines
from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant, LeaderboardSummary
from benchmark.release_rows import expected_calls
from benchmark.solver_pairs import SolverPair, solver_pairs
from benchmark.solver_slices import SlicedSolver, sliced_solvers, solver_scores
from consilium.jobs.handle import JobHandle
from consilium.jobs.states import JOB_STATES, JobState
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind, bring_up_to_date, kept_figures, refresh
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.statistics.json_form import as_json, from_json
from curation.models import Release, ReleaseKind

# Part of what figures are made from: those of an earlier shape are computed anew.
_SHAPE: Final = "pairs of solvers"
Line = TypeVar("Line", JudgeLine, SolverLine)


@dataclass(frozen=True)
class JudgeFigures:
    """The judges of a preference release, best first."""

    lines: list[JudgeLine]


@dataclass(frozen=True)
class SolverFigures:
    """The solvers of a question release, best first; how many questions are asked, what guessing gives."""

    lines: list[SolverLine]
    questions: int
    chance: float


@dataclass(frozen=True)
class SolverDetails:
    """The solvers of a question release by slice, and each two of the ranked ones directly."""

    slices: list[SlicedSolver]
    pairs: list[SolverPair]


def kept_judges(release: Release) -> tuple[JudgeFigures | None, Kept]:
    """The judges and how old their figures are; none while they are computed the first time."""
    kept = kept_figures(LEADERBOARD, _key(release), release.study)
    content = kept.summary.content if kept.summary else None
    return (JudgeFigures(_restored(JudgeLine, content["lines"])) if content else None), kept


def kept_solvers(release: Release) -> tuple[SolverFigures | None, Kept]:
    """The solvers and how old their figures are; none while they are computed the first time."""
    kept = kept_figures(LEADERBOARD, _key(release), release.study)
    if kept.summary is None:
        return None, kept
    content = kept.summary.content
    lines = _restored(SolverLine, content["lines"])
    return SolverFigures(lines, content["questions"], content["chance"]), kept


def kept_details(release: Release) -> tuple[SolverDetails, Kept]:
    """The solvers in detail and how old that is; empty while it is computed the first time."""
    kept = kept_figures(LEADERBOARD, _key(release), release.study)
    content = kept.summary.content if kept.summary else {}
    stored = {name: content.get(name, []) for name in ("slices", "pairs")}
    return from_json(SolverDetails, stored), kept


def refresh_leaderboard(release: Release, by: Person) -> None:
    """Compute the figures anew. Raises NotAllowed."""
    check_lead(by, release.study)
    refresh(LEADERBOARD, _key(release), release.study, by)


def summarise_leaderboard(handle: JobHandle) -> dict[str, Any]:
    """The job behind the leaderboard of a release with many answers."""
    return bring_up_to_date(LEADERBOARD, handle)


def _key(release: Release) -> Key:
    return {"release_id": release.pk}


def answers_so_far(key: Key) -> Inputs:
    """What the leaderboard of a release is made from: its standard evaluations alone."""
    standard = Evaluation.objects.filter(release=key["release_id"], variant=EvaluationVariant.STANDARD)
    found = counted_answers(standard)
    return Inputs(found.rows, [*found.counts, _SHAPE])


def counted_answers(wanted: "QuerySet[Evaluation]") -> Inputs:
    """What figures of some evaluations are made from.

    A release and a stored answer are never changed, and an evaluation that is over gets no more answers:
    those of the others are counted, not the tens of thousands of a finished board.
    """
    evaluations = wanted.exclude(job__state=JobState.CANCELLED, paused_at=None)
    made = evaluations.order_by("pk").values_list(
        "expected_calls", "pk", "prompt_sha256", "parser_version", "endpoint__name", "endpoint__provenance"
    )
    coming = evaluations.exclude(job__state__in=JOB_STATES.terminal)
    answers = dict.fromkeys(coming.values_list("pk", flat=True), 0) | answers_of(coming)
    digests = {digest for row in made for digest in row[-1].get("releases", ())}
    # One that comes later may show what a model has in common with this release.
    known = sorted(Release.objects.filter(digest__in=digests).values_list("pk", flat=True))
    return Inputs(sum(row[0] for row in made), [[*map(list, made)], sorted(answers.items()), known])


def _content(key: Key) -> dict[str, Any]:
    release = Release.objects.get(pk=key["release_id"])
    if release.kind == ReleaseKind.PREFERENCES:
        return {"lines": [_stored(line) for line in judge_lines(release)]}
    lines, scores = solver_lines(release), solver_scores(release)
    return {
        "lines": [_stored(line) for line in lines],
        "questions": expected_calls(release, EvaluationKind.SOLVER),
        "chance": chance(release),
        "slices": as_json(sliced_solvers(scores)),
        "pairs": as_json(solver_pairs(scores, [line.evaluation for line in lines if line.is_ranked])),
    }


LEADERBOARD = SummaryKind("benchmark.leaderboard", LeaderboardSummary, answers_so_far, _content)


def _stored(line: JudgeLine | SolverLine) -> dict[str, Any]:
    """A line as JSON, its evaluation by its number."""
    figures = {one.name: getattr(line, one.name) for one in fields(line) if one.name != "evaluation"}
    return {"evaluation": line.evaluation.pk, **as_json(figures)}


def _restored(kind: type[Line], stored: list[dict[str, Any]]) -> list[Line]:
    wanted = Evaluation.objects.select_related("endpoint")
    evaluations = wanted.in_bulk([data["evaluation"] for data in stored])
    return [from_json(kind, data, evaluation=evaluations[data["evaluation"]]) for data in stored]
