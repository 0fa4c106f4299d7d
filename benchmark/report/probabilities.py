"""The judges that state probabilities: how far these can be believed, in every dimension."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmark.models import Evaluation, Verdict
from benchmark.report.frame import ReportFrame
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.judge_calibration import JudgeCalibration, judge_calibration
from consilium.statistics.panel import MISSING, A
from consilium.statistics.undefined import Undefined

_PART = 5000
# Dimension to calibration, of a judge.
Calibrations = dict[str, JudgeCalibration]


def judge_calibrations(
    frame: ReportFrame, evaluations: Sequence[Evaluation], replicates: int
) -> dict[str, Calibrations]:
    """By the evaluation's number, those that state any; a dimension without a probability is not in it."""
    wanted = [one for one in evaluations if one.wants_probabilities]
    found = {str(one.pk): _calibrations(frame, one, replicates) for one in wanted}
    return {key: own for key, own in found.items() if own}


def _calibrations(frame: ReportFrame, evaluation: Evaluation, replicates: int) -> Calibrations:
    panel, found = frame.panel, {}
    for place, probability in enumerate(_of_cases(frame, evaluation)):
        labels = panel.labels[place]
        known = ~np.isnan(probability) & (labels != MISSING)
        figures = judge_calibration(
            probability[known].tolist(),
            (labels[known] == A).tolist(),
            panel.clusters[known].tolist(),
            replicates=replicates,
        )
        if not isinstance(figures, Undefined):
            found[panel.dimensions[place]] = figures
    return found


def _of_cases(frame: ReportFrame, evaluation: Evaluation) -> npt.NDArray[np.float64]:
    """The probability that answer A is better, (dimensions, cases): the mean of both orders, NaN without."""
    stated = np.full((2, len(DIMENSIONS), len(frame.panel.cases)), np.nan)
    place = {row_id: number for number, row_id in enumerate(frame.panel.cases)}
    stored = Verdict.objects.filter(evaluation=evaluation, probabilities__isnull=False)
    rows = stored.values_list("row_id", "order", "probabilities")
    for row_id, order, probabilities in rows.iterator(_PART):
        for name, first in (probabilities or {}).items():
            of_a = first if order == "ab" else 1 - first
            stated[int(order == "ba"), DIMENSIONS.index(name), place[row_id]] = of_a
    return np.asarray(stated.mean(axis=0))
