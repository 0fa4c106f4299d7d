"""Whether a judge may stand in for an annotator (Calderon et al. 2025, ACL; arXiv 2501.10970)."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consilium.statistics.adjusted_p import benjamini_yekutieli
from consilium.statistics.bootstrap import Places
from consilium.statistics.undefined import Maybe, Undefined

Labels = Mapping[str, Hashable]
Leads = npt.NDArray[np.int8]


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


class AnnotatorTable:
    """What annotators said, laid out once for the tests of any number of judges."""

    def __init__(self, annotators: Mapping[str, Labels]) -> None:
        """Take name to item to label; an item that somebody did not label is absent or None."""
        self.annotators = tuple(annotators)
        self._places: dict[str, int] = {}
        self._codes: dict[Hashable, int] = {}
        owners, places, codes = [], [], []
        for owner, labels in enumerate(annotators.values()):
            for item, label in labels.items():
                if label is not None:
                    owners.append(owner)
                    places.append(self._places.setdefault(item, len(self._places)))
                    codes.append(self._codes.setdefault(label, len(self._codes)))
        place, code = np.array(places, dtype=np.intp), np.array(codes, dtype=np.intp)
        # By annotator, then by item: what one annotator said lies side by side.
        order = np.lexsort((place, np.array(owners, dtype=np.intp)))
        self._place, self._code = place[order], code[order]
        self._ends = np.cumsum(np.bincount(owners, minlength=len(self.annotators)))[:-1]
        # Labels of an item that are equal have one key, which is sorted to be found.
        self._keys, self._count = np.unique(self._key(self._place, self._code), return_counts=True)
        self._per_item = np.bincount(place, minlength=len(self._places))
        self._own = self._saying(self._place, self._code) - 1

    def leads(self, judge: Labels, least_annotators: int) -> tuple[int, dict[str, Leads]]:
        """How many items the judge and enough annotators labelled, and annotator to a lead for each.

        A lead is 1 when the annotator agrees with more of the others than the judge, 0 as many, -1 fewer.
        """
        said = np.array([self._code_of(judge.get(item)) for item in self._places], dtype=np.intp)
        kept = (said >= 0) & (self._per_item >= least_annotators)
        # The annotator's own label is none of the others'.
        of_judge = self._saying(np.arange(len(said)), said)[self._place] - (said[self._place] == self._code)
        leads = np.sign(self._own - of_judge).astype(np.int8)
        is_kept = kept[self._place]
        parts = zip(np.split(leads, self._ends), np.split(is_kept, self._ends), strict=True)
        own = (lead[chosen] for lead, chosen in parts)
        return int(np.count_nonzero(kept)), dict(zip(self.annotators, own, strict=False))

    def _code_of(self, label: Hashable) -> int:
        """-1 of no label; of one that no annotator gave, a code of its own."""
        return -1 if label is None else self._codes.get(label, len(self._codes))

    def _key(self, place: Places, code: Places) -> Places:
        return np.asarray(place * (len(self._codes) + 1) + code)

    def _saying(self, place: Places, code: Places) -> Places:
        """How many annotators gave the items these labels."""
        if not len(self._keys):
            return np.zeros(len(place), dtype=np.intp)
        wanted = self._key(place, code)
        found = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[found] == wanted, self._count[found], 0)


def alternative_annotator_test(
    annotators: Mapping[str, Labels] | AnnotatorTable,
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
        annotators: name to item to label; an item that somebody did not label is absent or None. As a table,
            laid out once, where several judges are tested.
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
    table = annotators if isinstance(annotators, AnnotatorTable) else AnnotatorTable(annotators)
    items, leads = table.leads(judge, least_annotators)
    lead_below = {
        name: _lead_below(found, epsilon) for name, found in leads.items() if len(found) >= least_items
    }
    few = Undefined(
        f"fewer than {least_items} items that {least_annotators} annotators and the judge labelled"
    )
    p_values: dict[str, Maybe[float]] = dict.fromkeys(table.annotators, few)
    p_values |= lead_below
    if not lead_below:
        return AlternativeAnnotator(few, few, p_values, items)
    wins = sum(p <= q_fdr for p in benjamini_yekutieli(list(lead_below.values())))
    # The judge is at least as good wherever the annotator is not ahead alone.
    advantages = [int(np.count_nonzero(leads[name] < 1)) / len(leads[name]) for name in lead_below]
    return AlternativeAnnotator(wins / len(lead_below), sum(advantages) / len(lead_below), p_values, items)


def _lead_below(leads: Leads, epsilon: float) -> float:
    """One-sided p-value of the t-test that the mean lead is at least epsilon."""
    from scipy import special

    values = leads.astype(np.float64)
    gap, spread = float(values.mean()) - epsilon, float(values.std(ddof=1))
    if spread == 0.0:
        return 0.0 if gap < 0 else 1.0
    return float(special.stdtr(len(values) - 1, gap / (spread / math.sqrt(len(values)))))
