"""Votes and reviews of any number in compact arrays: eight bytes for an id, one for a choice. Pure."""

from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from consilium.statistics.agreement import AgreementRow, agreement_of_many
from consilium.statistics.ratings import Array

NOTHING: Final = -1
Marks: TypeAlias = npt.NDArray[np.uint64]


def short_mark(text: str) -> int:
    """Eight bytes that stand for an id; among a hundred million ids, two share them once in 4,000 times."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


class Marked:
    """Things in the order they came (cases, traces), each with its cluster."""

    def __init__(self) -> None:
        self._things, self._clusters = array("Q"), array("Q")

    def add(self, thing: str, cluster: str) -> None:
        """Note the next one."""
        self._things.append(short_mark(thing))
        self._clusters.append(short_mark(cluster))

    @property
    def clusters(self) -> int:
        """How many different clusters there are."""
        return len(np.unique(_numbers(self._clusters)))

    def places_of(self, wanted: Marks) -> npt.NDArray[np.intp]:
        """The place of each wanted mark; NOTHING where it is none of these things."""
        things = _numbers(self._things)
        if not len(things):
            return np.full(len(wanted), NOTHING, dtype=np.intp)
        order = np.argsort(things)
        found = order[np.minimum(np.searchsorted(things, wanted, sorter=order), len(things) - 1)]
        return np.where(things[found] == wanted, found, NOTHING)

    def clusters_at(self, places: npt.NDArray[np.intp]) -> list[int]:
        """The cluster of each place, as a number."""
        _, numbers = np.unique(_numbers(self._clusters), return_inverse=True)
        found: list[int] = numbers[places].tolist()
        return found

    def __len__(self) -> int:
        return len(self._things)


class Choices:
    """What readers chose, several questions at a time, of things that are named by their ids."""

    def __init__(self, questions: Sequence[str], categories: int) -> None:
        self.questions, self._categories = tuple(questions), categories
        self._things, self._of, self._chosen = array("Q"), array("Q"), array("b")

    def add(self, thing: str, chosen: Sequence[int], of: str = "") -> None:
        """One reader's choices: for each question a category's number or NOTHING. `of`: what holds it."""
        self._things.append(short_mark(thing))
        self._of.append(short_mark(of) if of else self._things[-1])
        self._chosen.extend(chosen)

    def agreement(self, marked: Marked) -> list[AgreementRow]:
        """Agreement over all things, clustered as `marked` says; one row per question."""
        if not len(self._things) or not len(marked):
            return []
        things, first, of_thing = np.unique(_numbers(self._things), return_index=True, return_inverse=True)
        places = marked.places_of(_numbers(self._of)[first])
        known = places != NOTHING
        clusters = marked.clusters_at(places[known])
        chosen = np.frombuffer(self._chosen, dtype=np.int8).reshape(-1, len(self.questions))
        counts = {
            name: self._counts(of_thing, chosen[:, at], len(things))[known]
            for at, name in enumerate(self.questions)
        }
        return agreement_of_many(clusters, counts)

    @property
    def twice(self) -> int:
        """How many things were read by two or more."""
        _, readers = np.unique(_numbers(self._things), return_counts=True)
        return int((readers >= 2).sum())

    def _counts(self, things: npt.NDArray[np.intp], chosen: npt.NDArray[np.int8], number: int) -> Array:
        said = chosen != NOTHING
        cells = np.bincount(
            things[said] * self._categories + chosen[said], minlength=number * self._categories
        )
        return cells.reshape(number, self._categories).astype(np.float64)


def _numbers(held: "array[int]") -> Marks:
    return np.frombuffer(held, dtype=np.uint64) if held else np.zeros(0, dtype=np.uint64)
