"""How far the readers of a study agree: their votes, handed to the pure statistics."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet

from annotation.models import Case, Dimension, Vote
from annotation.states import CaseState
from consilium.people.models import Study
from consilium.statistics.agreement import AgreementRow, VotedCase, agreement
from consilium.statistics.intervals import Estimate, wilson
from consilium.statistics.undefined import Undefined


@dataclass(frozen=True, slots=True)
class FirstShown:
    """How often readers preferred the answer that stood first: 0.5 when position does not matter."""

    dimension: str
    votes: int
    share: Estimate | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures of the agreement page for one choice of cases."""

    rows: list[AgreementRow]
    first_shown: list[FirstShown]
    cases: int
    votes: int


def agreement_of(study: Study, *, organ_system: str = "", with_excluded: bool = False) -> Agreement:
    """Agreement over the newest vote of each reader, surplus votes included (METHOD.md section 3.5)."""
    votes = list(_votes(study, organ_system, with_excluded))
    cases = _by_case(votes)
    return Agreement(
        rows=agreement(cases, dimensions=Dimension.values),
        first_shown=[_first_shown(votes, name) for name in Dimension.values],
        cases=len(cases),
        votes=len(votes),
    )


COEFFICIENTS = {
    "percent": "percent agreement",
    "unanimity": "unanimity",
    "fleiss": "Fleiss kappa",
    "ac1": "Gwet AC1",
    "alpha": "Krippendorff alpha",
}


def missing_figures(rows: list[AgreementRow]) -> list[str]:
    """One sentence per reason why figures or intervals do not exist, naming where."""
    places: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        for name, words in COEFFICIENTS.items():
            found: Estimate = getattr(row, name)
            for part, kind in ((found.value, "No {}"), (found.interval, "No interval of {}")):
                if isinstance(part, Undefined):
                    places.setdefault(part.reason, {}).setdefault(kind.format(words), []).append(
                        row.dimension
                    )
                    break
    return [
        f"{'; '.join(f'{what} for {_listed(where)}' for what, where in found.items())}: {reason}."
        for reason, found in places.items()
    ]


def _listed(dimensions: list[str]) -> str:
    return "all dimensions" if len(dimensions) == len(Dimension) else ", ".join(dimensions)


def organ_systems(study: Study) -> list[str]:
    """The organ systems that occur among the study's cases."""
    names = Case.objects.filter(study=study).exclude(question__organ_system="").order_by()
    return sorted(set(names.values_list("question__organ_system", flat=True)))


def _votes(study: Study, organ_system: str, with_excluded: bool) -> "QuerySet[Vote]":
    votes = Vote.objects.newest().filter(case__study=study)
    if organ_system:
        votes = votes.filter(case__question__organ_system=organ_system)
    if not with_excluded:
        votes = votes.exclude(case__state=CaseState.EXCLUDED)
    return votes.select_related("case__question__cluster").order_by("case", "pk")


def _by_case(votes: list[Vote]) -> list[VotedCase]:
    groups: dict[int, list[Vote]] = {}
    for vote in votes:
        groups.setdefault(vote.case_id, []).append(vote)
    return [
        VotedCase(
            case=str(case),
            cluster=group[0].case.question.cluster_id,
            votes={name: [vote.label(name) for vote in group] for name in Dimension.values},
        )
        for case, group in groups.items()
    ]


def _first_shown(votes: list[Vote], dimension: str) -> FirstShown:
    counts = Counter(
        label.lower() == vote.shown_first for vote in votes if (label := vote.label(dimension)) is not None
    )
    total = counts.total()
    share = Estimate(counts[True] / total, wilson(counts[True], total)) if total else None
    return FirstShown(dimension=Dimension(dimension).label, votes=total, share=share)
