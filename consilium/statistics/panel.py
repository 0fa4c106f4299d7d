"""The letters of several judges on the same cases, one byte each: what every figure of judges is made of."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import Places

Letters = Mapping[str, str | None]
Codes: TypeAlias = npt.NDArray[np.int8]

MISSING, INVALID, TIE, A, B = range(5)
_LETTERS: Final[dict[str | None, int]] = {None: INVALID, "tie": TIE, "A": A, "B": B}
_LABELS: Final[dict[str | None, int]] = {None: MISSING, "A": A, "B": B}
# A letter that was printed when the answers were swapped, in the case's own frame.
_TURNED: Final = np.array([MISSING, INVALID, TIE, B, A], dtype=np.int8)


@dataclass(frozen=True)
class JudgedCase:
    """One case: its label per dimension (A, B or None) and the judge's letters per dimension in each order.

    Letters are A, B, tie or None (invalid); `backward` is as printed when the answers were swapped. An order
    whose call failed is None as a whole: the case is then not covered, and not scored. So it is in a
    dimension that the letters do not name, because the judge was not asked about it. `longer` is the answer
    with the longer text, None where neither is.
    """

    case: str
    cluster: Hashable
    label: Letters
    forward: Letters | None
    backward: Letters | None
    longer: str | None = None


@dataclass(frozen=True)
class Panel:
    """Judges on cases.

    `clusters` numbers each case's cluster from 0; `labels` (dimensions, cases) and `longer` (cases) hold A, B
    or MISSING; `printed` (judges, orders, dimensions, cases) the letters, MISSING where the call failed or
    the judge was not asked.
    """

    judges: tuple[str, ...]
    dimensions: tuple[str, ...]
    cases: tuple[str, ...]
    clusters: Places
    labels: Codes
    printed: Codes
    longer: Codes

    @classmethod
    def of(cls, judges: Mapping[str, Sequence[JudgedCase]], dimensions: Sequence[str]) -> Self:
        """The panel of every judge's cases; one that a judge was not given is as one whose calls failed.

        Raises:
            ValueError: a letter or label that is none, or a case with two labels or clusters.
        """
        first: dict[str, JudgedCase] = {}
        for cases in judges.values():
            for case in cases:
                known = first.setdefault(case.case, case)
                if known is not case and (known.label, known.cluster) != (case.label, case.cluster):
                    raise ValueError(f"The case {case.case} has two labels or clusters.")
        place = {name: number for number, name in enumerate(first)}
        numbers: dict[Hashable, int] = {}
        printed = np.full((len(judges), 2, len(dimensions), len(first)), MISSING, dtype=np.int8)
        for judge, cases in enumerate(judges.values()):
            for case in cases:
                for order, said in enumerate((case.forward, case.backward)):
                    if said is not None:
                        printed[judge, order, :, place[case.case]] = [
                            letter_code(said[one]) if one in said else MISSING for one in dimensions
                        ]
        labels = [[_label(case, case.label.get(one)) for case in first.values()] for one in dimensions]
        return cls(
            judges=tuple(judges),
            dimensions=tuple(dimensions),
            cases=tuple(first),
            clusters=np.array(
                [numbers.setdefault(case.cluster, len(numbers)) for case in first.values()], dtype=np.intp
            ),
            labels=np.array(labels, dtype=np.int8).reshape(len(dimensions), len(first)),
            printed=printed,
            longer=np.array([_label(case, case.longer) for case in first.values()], dtype=np.int8),
        )

    def stated(self, judge: int, dimension: int) -> tuple[Codes, Codes]:
        """A judge's letters in both orders, each in the case's own frame."""
        forward, backward = self.printed[judge, :, dimension]
        return forward, np.asarray(_TURNED[backward])

    def only(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """The panel of the chosen cases: the others lose their labels and keep their places and clusters."""
        return replace(self, labels=np.where(chosen, self.labels, MISSING).astype(np.int8))

    def covered(self, judge: int, dimension: int) -> npt.NDArray[np.bool_]:
        """The cases with a label and replies in both orders."""
        has_replies = (self.printed[judge, :, dimension] != MISSING).all(axis=0)
        return np.asarray(has_replies & (self.labels[dimension] != MISSING))


def letter_code(letter: str | None) -> int:
    """The byte of a printed letter; None is invalid.

    Raises:
        ValueError: no letter of a verdict.
    """
    if letter not in _LETTERS:
        raise ValueError(f"A verdict is A, B, tie or null, not {letter!r}.")
    return _LETTERS[letter]


def _label(case: JudgedCase, label: str | None) -> int:
    if label not in _LABELS:
        raise ValueError(f"The label of case {case.case} is A, B or null, not {label!r}.")
    return _LABELS[label]


def with_jury(panel: Panel, name: str, members: Sequence[str]) -> Panel:
    """The panel with one judge more: what most of the members state, per case, order and dimension.

    A tie where as many say A as B, or nobody says either and somebody a tie; invalid where all are; a call
    fails where every member's did.

    Raises:
        ValueError: a member or the new name that does not fit the panel.
    """
    if name in panel.judges or not members or not set(members) <= set(panel.judges):
        raise ValueError("A jury has a name of its own and members of the panel.")
    letters = panel.printed[[panel.judges.index(member) for member in members]]
    a, b, ties, invalid = (
        np.count_nonzero(letters == code, axis=0).astype(np.int32) for code in (A, B, TIE, INVALID)
    )
    said = np.select([a > b, b > a, a + ties > 0, invalid > 0], [A, B, TIE, INVALID], MISSING)
    return replace(
        panel,
        judges=(*panel.judges, name),
        printed=np.concatenate([panel.printed, said[None].astype(np.int8)]),
    )
