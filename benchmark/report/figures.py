"""All figures of a report, computed once: every judge in every dimension and slice, and everything beside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmark.contamination import shared_rows
from benchmark.leaderboard import current_methods, newest_evaluations
from benchmark.models import Evaluation, EvaluationKind
from benchmark.report.answer_models import AnswerModels, answer_models
from benchmark.report.controls import BlindedJudge, RepeatedJudge, blinded_judges, repeated_judges
from benchmark.report.costs import JudgingCost, judging_costs
from benchmark.report.frame import ReportFrame, read_frame
from benchmark.report.probabilities import Calibrations, judge_calibrations
from benchmark.report.readers import AmongReaders, among_readers, reader_tests
from benchmark.report.reference import ReferenceRow, reference_rows
from benchmark.report.released_votes import released_votes
from benchmark.report.slices import NOT_STATED, slices_of, without_family
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.adjusted_p import benjamini_hochberg, holm
from consilium.statistics.alternative_annotator import AlternativeAnnotator
from consilium.statistics.bootstrap import REPLICATES
from consilium.statistics.intervals import Interval
from consilium.statistics.judge_pairs import Comparison, Pair
from consilium.statistics.judge_scores import JudgeBiases, JudgingRow, board_of, slice_rows
from consilium.statistics.panel import Panel, with_jury
from consilium.statistics.undefined import Maybe, Undefined
from curation.models import Release

JURY: Final = "jury"
LEAST_JURY: Final = 3
ORGANS: Final = "organ_system"
Rows = dict[str, list[JudgingRow]]


@dataclass(frozen=True)
class ReportedJudge:
    """A judge of the report: its evaluation's number, or none for the jury of all ranked judges.

    `scored_dimension`: of a model that gives scores, the only one that it is asked about. `shared`: on data
    of so many cases the model was trained, so that it is not ranked; `endpoint` is its number.
    """

    key: str
    name: str
    family: str
    is_ranked: bool
    calls: int
    expected_calls: int
    scored_dimension: str = ""
    shared: int = 0
    endpoint: int = 0


@dataclass(frozen=True)
class ComparedPair:
    """Two ranked judges in one dimension; `adjusted_p` is Holm's over all pairs in the last dimension,
    Benjamini and Hochberg's in the others.
    """

    first: str
    second: str
    comparison: Comparison
    adjusted_p: Maybe[float]


@dataclass(frozen=True)
class SliceFigures:
    """One slice: how many cases, and every judge's rows there."""

    cases: int
    rows: Rows


@dataclass(frozen=True)
class OrganMean:
    """The unweighted mean over organ systems, which the paper calls overall, in the last dimension."""

    organs: int
    accuracy: Maybe[float]
    reference: Maybe[float]


@dataclass(frozen=True)
class JudgeReport:
    """Everything that is reported of the judges of one release; dicts go by a judge's key.

    Judges come best first, ranked ones before the others, the jury last. `without_family`: rows without the
    cases whose answers a model of the judge's own family wrote, where there are such cases. `reference`: of
    every judge but the jury, which is no model. `calibrations`: of those that state probabilities. `blinded`
    and `repeated`: of the judges that were also asked without images, or again.
    """

    cases: int
    clusters: int
    judges: list[ReportedJudge]
    rows: Rows
    biases: dict[str, list[JudgeBiases]]
    ranks: dict[str, Maybe[Interval]]
    comparisons: dict[str, list[ComparedPair]]
    slices: dict[str, dict[str, SliceFigures]]
    without_family: Rows
    organ_means: dict[str, OrganMean]
    readers: dict[str, list[AmongReaders]]
    reader_tests: dict[str, AlternativeAnnotator]
    answer_models: AnswerModels
    costs: dict[str, JudgingCost]
    reference: dict[str, list[ReferenceRow]]
    calibrations: dict[str, Calibrations]
    blinded: dict[str, BlindedJudge]
    repeated: dict[str, RepeatedJudge]


def judge_report(release: Release, *, replicates: int = REPLICATES) -> JudgeReport:
    """Compute the report of the newest evaluation of every judge on a preference release."""
    evaluations = newest_evaluations(release, EvaluationKind.JUDGE)
    frame, votes = read_frame(release, evaluations), released_votes(release)
    costs = judging_costs(evaluations)
    shared = shared_rows(release, [one.endpoint for one in evaluations])
    unseen = [one for one in evaluations if one.endpoint_id not in shared]
    ranked = _ranked(unseen, costs, current_methods(evaluations))
    if len(ranked) >= LEAST_JURY:
        frame = replace(frame, panel=with_jury(frame.panel, JURY, ranked))
    panel = frame.panel
    board = board_of(panel, ranked=ranked, compared_in=DIMENSIONS, replicates=replicates)
    slices = _slices(frame, replicates)
    return JudgeReport(
        cases=len(panel.cases),
        clusters=int(panel.clusters.max(initial=-1)) + 1,
        judges=_in_order(frame, board.rows, costs, ranked, {pk: len(rows) for pk, rows in shared.items()}),
        rows=board.rows,
        biases=board.biases,
        ranks=board.ranks,
        comparisons={name: _adjusted(name, pairs) for name, pairs in board.comparisons.items()},
        slices=slices,
        without_family=_without_family(frame, replicates),
        organ_means={name: _organ_mean(name, slices.get(ORGANS, {})) for name in panel.judges},
        readers=among_readers(frame),
        reader_tests=reader_tests(frame, votes),
        answer_models=answer_models(frame, votes),
        costs=costs,
        reference=reference_rows(frame),
        calibrations=judge_calibrations(frame, evaluations, replicates),
        blinded=blinded_judges(release, evaluations, replicates),
        repeated=repeated_judges(evaluations),
    )


def _ranked(
    evaluations: Sequence[Evaluation], costs: dict[str, JudgingCost], methods: Collection[tuple[str, str]]
) -> list[str]:
    """The keys of those that are whole and judged by one of these methods."""
    return [
        str(one.pk)
        for one in evaluations
        if one.method in methods and one.states_primary and costs[str(one.pk)].calls >= one.expected_calls
    ]


def _in_order(
    frame: ReportFrame,
    rows: Rows,
    costs: dict[str, JudgingCost],
    ranked: Sequence[str],
    shared: Mapping[int, int],
) -> list[ReportedJudge]:
    judges = [
        ReportedJudge(
            key=key,
            name=one.endpoint.name,
            family=one.endpoint.family,
            is_ranked=key in ranked,
            calls=costs[key].calls,
            expected_calls=one.expected_calls,
            scored_dimension=one.endpoint.scored_dimension,
            shared=shared.get(one.endpoint_id, 0),
            endpoint=one.endpoint_id,
        )
        for key, one in frame.evaluations.items()
    ]
    judges.sort(key=lambda one: (not one.is_ranked, -_known(rows[one.key][-1].accuracy.value)))
    has_jury = JURY in frame.panel.judges
    return [*judges, ReportedJudge(JURY, "Jury", "", False, 0, 0)] if has_jury else judges


def _adjusted(dimension: str, pairs: dict[Pair, Comparison]) -> list[ComparedPair]:
    adjust = holm if dimension == DIMENSIONS[-1] else benjamini_hochberg
    known = [None if isinstance(one.p, Undefined) else one.p for one in pairs.values()]
    return [
        ComparedPair(*pair, found, found.p if p is None else p)
        for (pair, found), p in zip(pairs.items(), adjust(known), strict=True)
    ]


def _slices(frame: ReportFrame, replicates: int) -> dict[str, dict[str, SliceFigures]]:
    found = slices_of(frame)
    flat = {f"{facet} {value}": mask for facet, masks in found.items() for value, mask in masks.items()}
    rows = slice_rows(frame.panel, flat, replicates=replicates)
    return {
        facet: {
            value: SliceFigures(int(mask.sum()), rows[f"{facet} {value}"]) for value, mask in masks.items()
        }
        for facet, masks in found.items()
    }


def _without_family(frame: ReportFrame, replicates: int) -> Rows:
    """Each family's judges on the cases that the family did not write for."""
    found: Rows = {}
    families = {key: one.endpoint.family for key, one in frame.evaluations.items()}
    for family in sorted(set(families.values()) - {""}):
        chosen = without_family(frame, family)
        if not chosen.all():
            own = [key for key in frame.panel.judges if families.get(key) == family]
            rows = slice_rows(_only_judges(frame.panel, own), {family: chosen}, replicates=replicates)
            found |= rows[family]
    return found


def _only_judges(panel: Panel, judges: Sequence[str]) -> Panel:
    places = [panel.judges.index(name) for name in judges]
    return replace(panel, judges=tuple(judges), printed=panel.printed[places])


def _organ_mean(judge: str, organs: dict[str, SliceFigures]) -> OrganMean:
    stated = [one.rows[judge][-1] for name, one in organs.items() if name != NOT_STATED]
    return OrganMean(
        organs=len(stated),
        accuracy=_mean([one.accuracy.value for one in stated]),
        reference=_mean([one.reference for one in stated]),
    )


def _mean(values: Sequence[Maybe[float]]) -> Maybe[float]:
    known = [value for value in values if not isinstance(value, Undefined)]
    if not known or len(known) < len(values):
        return Undefined("some organ system has no scored case, or cases state fewer than two")
    return sum(known) / len(known)


def _known(value: Maybe[float]) -> float:
    return -1.0 if isinstance(value, Undefined) else value
