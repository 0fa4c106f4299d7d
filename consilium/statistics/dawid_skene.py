"""Labels and reader error rates by expectation-maximisation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from consilium.statistics.bootstrap import Places
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

_MOST_CELLS = 100_000_000


@dataclass(frozen=True)
class DawidSkene:
    """The fitted model; all arrays are float.

    `posterior` (items, classes), `marginals` (classes), `confusion` (raters, true class, given class): a true
    class that no item holds has an even row. `log_likelihood` excludes multinomial coefficients. An item
    without labels has the marginals as its posterior, and no label and no plurality.
    """

    posterior: Array
    marginals: Array
    confusion: Array
    log_likelihood: float
    iterations: int
    plurality: tuple[int | None, ...]
    plurality_ties: tuple[int, ...]

    @property
    def labels(self) -> list[int | None]:
        """The most probable class per item; None for an item that nobody labelled."""
        best = zip(self.posterior.argmax(axis=1), self.plurality, strict=True)
        return [None if plurality is None else int(label) for label, plurality in best]

    @property
    def differing(self) -> list[int]:
        """The items whose label is not the plurality's (the lowest class where several lead)."""
        return [item for item, label in enumerate(self.labels) if label != self.plurality[item]]


def dawid_skene(
    triples: Sequence[tuple[int, int, int]],
    *,
    items: int,
    raters: int,
    classes: int,
    tolerance: float = 1e-13,
    most_iterations: int = 10_000,
) -> Maybe[DawidSkene]:
    """Fit the model of Dawid & Skene (1979, Applied Statistics 28:20) from label proportions.

    Args:
        triples: (item, rater, label), zero-based; a rater may label an item more than once.
        items: number of items.
        raters: number of raters; of one alone the errors cannot be told from the truth.
        classes: number of classes.
        tolerance: stop when the log-likelihood gains less than this, relatively.
        most_iterations: undefined when not converged by then.

    Raises:
        ValueError: an index out of range, or more numbers than can be held.
    """
    counts = _counts(triples, items, raters, classes)
    labelled = np.flatnonzero(counts.any(axis=(1, 2)))
    if np.count_nonzero(counts.any(axis=(0, 2))) < 2:
        return Undefined("fewer than two raters gave a label")
    fitted = _fit(counts[labelled], tolerance, most_iterations)
    return fitted if isinstance(fitted, Undefined) else _among_all(fitted, labelled, items)


def _fit(counts: Array, tolerance: float, most_iterations: int) -> Maybe[DawidSkene]:
    """Of items that all have labels: counts (items, raters, classes)."""
    votes = counts.sum(axis=1)
    posterior = votes / votes.sum(axis=1, keepdims=True)
    previous = -np.inf
    for iteration in range(1, most_iterations + 1):
        marginals, confusion = _maximise(counts, posterior)
        posterior, likelihood = _expect(counts, marginals, confusion)
        if likelihood - previous <= tolerance * max(1.0, abs(likelihood)):
            return _fitted(posterior, marginals, confusion, likelihood, iteration, votes)
        previous = likelihood
    return Undefined(f"not converged after {most_iterations} iterations")


def _counts(triples: Sequence[tuple[int, int, int]], items: int, raters: int, classes: int) -> Array:
    if items * raters * classes > _MOST_CELLS:
        raise ValueError("There are too many items, raters and classes to hold at once.")
    counts = np.zeros((items, raters, classes))
    for item, rater, label in triples:
        if not (0 <= item < items and 0 <= rater < raters and 0 <= label < classes):
            raise ValueError(f"The entry ({item}, {rater}, {label}) is out of range.")
        counts[item, rater, label] += 1
    return counts


def _maximise(counts: Array, posterior: Array) -> tuple[Array, Array]:
    weighted = np.einsum("ij,irk->rjk", posterior, counts)
    totals = weighted.sum(axis=2, keepdims=True)
    even = np.full_like(weighted, 1.0 / weighted.shape[2])
    confusion = np.divide(weighted, totals, out=even, where=totals > 0)
    return posterior.mean(axis=0), confusion


def _expect(counts: Array, marginals: Array, confusion: Array) -> tuple[Array, float]:
    # log 0 is replaced by a number that no other term can outweigh: 0 * log 0 is then 0, as it must be.
    logs = np.log(np.where(confusion > 0, confusion, 1e-300))
    joint = np.einsum("irk,rjk->ij", counts, logs) + np.log(np.where(marginals > 0, marginals, 1e-300))
    top = joint.max(axis=1, keepdims=True)
    scaled = np.exp(joint - top)
    totals = scaled.sum(axis=1, keepdims=True)
    return scaled / totals, float((top + np.log(totals)).sum())


def _fitted(
    posterior: Array, marginals: Array, confusion: Array, likelihood: float, iteration: int, votes: Array
) -> DawidSkene:
    leading = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1)
    return DawidSkene(
        posterior=posterior,
        marginals=marginals,
        confusion=confusion,
        log_likelihood=likelihood,
        iterations=iteration,
        plurality=tuple(int(label) for label in votes.argmax(axis=1)),
        plurality_ties=tuple(int(item) for item in np.flatnonzero(leading > 1)),
    )


def _among_all(fitted: DawidSkene, labelled: Places, items: int) -> DawidSkene:
    """The fit of the labelled items with the others in their places."""
    posterior = np.tile(fitted.marginals, (items, 1))
    posterior[labelled] = fitted.posterior
    plurality: list[int | None] = [None] * items
    for place, label in zip(labelled, fitted.plurality, strict=True):
        plurality[place] = label
    return replace(
        fitted,
        posterior=posterior,
        plurality=tuple(plurality),
        plurality_ties=tuple(int(labelled[item]) for item in fitted.plurality_ties),
    )
