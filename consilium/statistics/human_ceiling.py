"""What agreement with people a perfect judge could reach, compared like with like."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from consilium.statistics.krippendorff import alpha_nominal
from consilium.statistics.majority import leaders, majority
from consilium.statistics.ratings import transpose
from consilium.statistics.undefined import Maybe, Undefined

Votes = Sequence[str | None]


@dataclass(frozen=True)
class HumanCeiling:
    """Compare `judge_vs_each_rater` with `mean_pairwise_agreement`: both are one reader against one reader.

    `rater_vs_majority` counts each rater within the majority and is biased upward.
    """

    majority: tuple[str | None, ...]
    mean_pairwise_agreement: Maybe[float]
    leave_one_out: Maybe[float]
    rater_vs_majority: Maybe[float]
    judge_vs_majority: Maybe[float]
    judge_vs_each_rater: Maybe[float]
    alpha: Maybe[float]


def human_ceiling(votes: Sequence[Votes], judge: Votes) -> HumanCeiling:
    """Agreement among raters and of a judge with them.

    Args:
        votes: items by raters, None where a rater did not vote.
        judge: the judge's label per item; None agrees with nobody.

    Raises:
        ValueError: the judge has not one entry per item, or raters' rows differ in length.
    """
    if len(votes) != len(judge):
        raise ValueError("The judge needs one entry per item.")
    labels = tuple(majority(item) for item in votes)
    settled = [label for label in labels if label is not None]
    return HumanCeiling(
        majority=labels,
        mean_pairwise_agreement=_mean([_pair_share(item) for item in votes]),
        leave_one_out=_mean([score for item in votes for score in _leave_one_out(item)]),
        rater_vs_majority=_mean(
            [
                float(vote == label)
                for item, label in zip(votes, labels, strict=True)
                for vote in item
                if vote is not None and label is not None
            ]
        ),
        judge_vs_majority=_mean(
            [float(said == label) for said, label in zip(judge, labels, strict=True) if label is not None]
        )
        if settled
        else Undefined("no item has a majority"),
        judge_vs_each_rater=_mean([_share_with(said, item) for said, item in zip(judge, votes, strict=True)]),
        alpha=alpha_nominal(transpose(votes)),
    )


def _mean(values: Sequence[float | None]) -> Maybe[float]:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else Undefined("no item has enough votes")


def _counted(item: Votes) -> list[str]:
    return [vote for vote in item if vote is not None]


def _pair_share(item: Votes) -> float | None:
    pairs = [one == other for one, other in combinations(_counted(item), 2)]
    return sum(pairs) / len(pairs) if pairs else None


def _leave_one_out(item: Votes) -> list[float]:
    """Each rater against the leading label of the others, shared when several lead."""
    counted = _counted(item)
    scores: list[float] = []
    for index, vote in enumerate(counted):
        lead = leaders([*counted[:index], *counted[index + 1 :]])
        if lead:
            scores.append(float(vote in lead) / len(lead))
    return scores


def _share_with(said: str | None, item: Votes) -> float | None:
    counted = _counted(item)
    return sum(vote == said for vote in counted) / len(counted) if counted else None
