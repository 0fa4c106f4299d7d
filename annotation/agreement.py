"""How far the readers of a study agree: their votes, handed to the pure statistics, and the figures kept."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max, Q, QuerySet

from annotation.models import AgreementSummary, Case, Choice, Consensus, Dimension, Vote
from annotation.states import CaseState
from consilium.jobs.handle import JobHandle
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind, bring_up_to_date, kept_figures, refresh
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.statistics.agreement import AgreementRow, agreement_of_counts
from consilium.statistics.intervals import Estimate, wilson
from consilium.statistics.json_form import as_json, from_json
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Undefined

# The columns of a vote that are read: a few values instead of a row with its case, question and cluster.
READ = ("case", "case__question__cluster", "shown_first", *Dimension.values)
SIDE = {Choice.A_CLEARLY: 0, Choice.A_SLIGHTLY: 0, Choice.B_SLIGHTLY: 1, Choice.B_CLEARLY: 1}
CANNOT_JUDGE = -1
Places: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class FirstShown:
    """How often readers preferred the answer that stood first: 0.5 when position does not matter."""

    dimension: str
    votes: int
    share: Estimate | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures of the agreement page for one choice of cases.

    `decided` says per dimension how the labels of the study's settled cases came about.
    """

    rows: list[AgreementRow]
    first_shown: list[FirstShown]
    decided: dict[str, dict[str, Any]]
    cases: int
    votes: int


def agreement_of(study: Study, *, organ_system: str = "", with_excluded: bool = False) -> Agreement:
    """Agreement over the newest vote of each reader, surplus votes included (METHOD.md section 3.5)."""
    rows = list(_votes(study.pk, organ_system, with_excluded).values_list(*READ))
    case, cluster, first, *choices = zip(*rows, strict=True) if rows else ((),) * len(READ)
    places = {pk: place for place, pk in enumerate(dict.fromkeys(case))}
    place = np.array([places[pk] for pk in case], dtype=np.intp)
    sides = {
        name: np.array([SIDE.get(choice, CANNOT_JUDGE) for choice in chosen], dtype=np.intp)
        for name, chosen in zip(Dimension.values, choices, strict=True)
    }
    counts = {name: _counts(place, chosen, len(places)) for name, chosen in sides.items()}
    shown = np.array([0 if letter == "a" else 1 for letter in first], dtype=np.intp)
    return Agreement(
        rows=agreement_of_counts(list(dict(zip(case, cluster, strict=True)).values()), counts),
        first_shown=[_first_shown(name, chosen, shown) for name, chosen in sides.items()],
        decided=_decided(study.pk),
        cases=len(places),
        votes=len(rows),
    )


def kept_agreement(study: Study, *, organ_system: str, with_excluded: bool) -> tuple[Agreement | None, Kept]:
    """The figures for the page and how old they are; no figures while they are computed the first time."""
    kept = kept_figures(AGREEMENT, _key(study, organ_system, with_excluded), study)
    return (from_json(Agreement, kept.summary.content) if kept.summary else None), kept


def refresh_agreement(study: Study, *, organ_system: str, with_excluded: bool, by: Person) -> None:
    """Compute the figures anew. Raises NotAllowed."""
    check_lead(by, study)
    refresh(AGREEMENT, _key(study, organ_system, with_excluded), study, by)


def summarise_agreement(handle: JobHandle) -> dict[str, Any]:
    """The job behind the page of a study with many votes."""
    return bring_up_to_date(AGREEMENT, handle)


def _key(study: Study, organ_system: str, with_excluded: bool) -> Key:
    return {"study_id": study.pk, "organ_system": organ_system, "with_excluded": with_excluded}


def _inputs(key: Key) -> Inputs:
    """Votes are never changed, and a case is excluded or settled for good: counts tell."""
    votes = Vote.objects.filter(case__study=key["study_id"]).aggregate(rows=Count("pk"), newest=Max("pk"))
    ended = Case.objects.filter(study=key["study_id"], state__in=(CaseState.EXCLUDED, CaseState.SETTLED))
    states = ended.order_by().values_list("state").annotate(Count("pk"))
    return Inputs(votes["rows"], [votes["rows"], votes["newest"], sorted(states)])


def _content(key: Key) -> dict[str, Any]:
    study = Study.objects.get(pk=key["study_id"])
    figures = agreement_of(study, organ_system=key["organ_system"], with_excluded=key["with_excluded"])
    content: dict[str, Any] = as_json(figures)
    return content


AGREEMENT = SummaryKind("annotation.agreement", AgreementSummary, _inputs, _content)


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
    return sorted(names.values_list("question__organ_system", flat=True).distinct())


def _votes(study: int, organ_system: str, with_excluded: bool) -> "QuerySet[Vote]":
    votes = Vote.objects.newest().filter(case__study=study)
    if organ_system:
        votes = votes.filter(case__question__organ_system=organ_system)
    if not with_excluded:
        votes = votes.exclude(case__state=CaseState.EXCLUDED)
    return votes.order_by("case", "pk")


def _counts(place: Places, sides: Places, cases: int) -> Array:
    """Votes per case for A and for B."""
    said = sides != CANNOT_JUDGE
    cells = np.bincount(2 * place[said] + sides[said], minlength=2 * cases)
    return cells.reshape(cases, 2).astype(np.float64)


def _first_shown(dimension: str, sides: Places, shown: Places) -> FirstShown:
    said = sides != CANNOT_JUDGE
    total, first = int(said.sum()), int((sides[said] == shown[said]).sum())
    share = Estimate(first / total, wilson(first, total)) if total else None
    return FirstShown(dimension=Dimension(dimension).label, votes=total, share=share)


def _decided(study: int) -> dict[str, dict[str, Any]]:
    """Per dimension, how the labels of the settled cases came about."""
    entries = Consensus.objects.filter(case__study=study, case__state=CaseState.SETTLED).order_by()
    differ = Q(votes_a__gt=0, votes_b__gt=0)
    counts = entries.values("dimension").annotate(
        adjudicator=Count("pk", filter=Q(is_adjudicated=True)),
        split=Count("pk", filter=Q(is_adjudicated=False) & differ),
        unanimous=Count("pk", filter=Q(is_adjudicated=False) & ~differ),
    )
    return {row["dimension"]: dict(row) for row in counts}
