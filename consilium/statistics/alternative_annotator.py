"""Whether a judge may stand in for an annotator (Calderon et al. 2025, ACL; arXiv 2501.10970)."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.adjusted_p import benjamini_yekutieli
from consilium.statistics.undefined import Maybe, Undefined

Labels = Mapping[str, Hashable]


@dataclass(frozen=True)
class AlternativeAnnotator:
    """One judge against every annotator in turn.

    `winning_rate`: the share of tested annotators whom it wins against; from one half on it passes the test.
    `advantage_probability`: how often it agrees with the others at least as well as an annotator does.
    `p_values` are not adjusted; an annotator with too few items has none.
    """

    winning_rate: Maybe[float]
    advantage_probability: Maybe[float]
    p_values: dict[str, Maybe[float]]
    items: int


def alternative_annotator_test(
    annotators: Mapping[str, Labels],
    judge: Labels,
    *,
    epsilon: float = 0.2,
    q_fdr: float = 0.05,
    least_annotators: int = 2,
    least_items: int = 30,
) -> AlternativeAnnotator:
    """The alternative annotator test with accuracy as the measure of alignment.

    For each annotator and item, whose label agrees with more of the other annotators: the annotator's or the
    judge's? A one-sided t-test asks whether the annotator's lead is below `epsilon`; the judge wins against
    those whom Benjamini and Yekutieli's procedure rejects at `q_fdr`.

    Args:
        annotators: name to item to label; an item that somebody did not label is absent or None.
        judge: item to label.
        epsilon: what the judge may fall short for being cheaper, 0.2 against experts.
        q_fdr: false discovery rate.
        least_annotators: items with fewer annotators are left out, at least 2.
        least_items: annotators with fewer items are not tested, at least 2.

    Raises:
        ValueError: a setting outside its range.
    """
    if least_annotators < 2 or least_items < 2 or not 0 < q_fdr < 1 or not 0 <= epsilon <= 1:
        raise ValueError(
            "At least two annotators and two items are needed; rates and epsilon lie between 0 and 1."
        )
    by_item: dict[str, dict[str, Hashable]] = {}
    for name, labels in annotators.items():
        for item, label in labels.items():
            if label is not None and judge.get(item) is not None:
                by_item.setdefault(item, {})[name] = label
    kept = {item: labels for item, labels in by_item.items() if len(labels) >= least_annotators}
    leads = _leads(kept, judge)
    tested = {name: leads[name] for name in annotators if len(leads.get(name, ())) >= least_items}
    few = Undefined(
        f"fewer than {least_items} items that {least_annotators} annotators and the judge labelled"
    )
    p_values: dict[str, Maybe[float]] = dict.fromkeys(annotators, few)
    p_values |= {name: _lead_below(found, epsilon) for name, found in tested.items()}
    if not tested:
        return AlternativeAnnotator(few, few, p_values, len(kept))
    adjusted = benjamini_yekutieli([_lead_below(found, epsilon) for found in tested.values()])
    wins = sum(p <= q_fdr for p in adjusted)
    # The judge is at least as good wherever the annotator is not ahead alone.
    advantages = [sum(lead < 1 for lead in found) / len(found) for found in tested.values()]
    return AlternativeAnnotator(wins / len(tested), sum(advantages) / len(tested), p_values, len(kept))


def _leads(kept: Mapping[str, Mapping[str, Hashable]], judge: Labels) -> dict[str, list[int]]:
    """Annotator to a lead per item: 1 when the annotator agrees with more of the others than the judge, 0 as
    many, -1 fewer.
    """
    leads: dict[str, list[int]] = {}
    for item, labels in kept.items():
        votes, said = list(labels.values()), judge[item]
        of_judge = votes.count(said)
        for name, label in labels.items():
            own, judges = votes.count(label) - 1, of_judge - (label == said)
            leads.setdefault(name, []).append((own > judges) - (own < judges))
    return leads


def _lead_below(leads: Sequence[int], epsilon: float) -> float:
    """One-sided p-value of the t-test that the mean lead is at least epsilon."""
    from scipy import special

    values = np.asarray(leads, dtype=np.float64)
    gap, spread = float(values.mean()) - epsilon, float(values.std(ddof=1))
    if spread == 0.0:
        return 0.0 if gap < 0 else 1.0
    return float(special.stdtr(len(values) - 1, gap / (spread / math.sqrt(len(values)))))
