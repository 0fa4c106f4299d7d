"""Which answer of each case is A: balanced within each pair of models and for each model. Pure."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]  # two model keys, the lower one first


def first_is_a(pairs: Sequence[Pair], earlier: Mapping[Pair, int], rng: random.Random) -> list[bool]:
    """For each pair, whether its first model is A (METHOD.md section 3.3).

    `earlier` holds, per pair, how many more of the earlier cases had its first model as A. Afterwards each
    pair is balanced to within one case, and so is each model over the pairs whose number of cases is odd.
    """
    counts = Counter(pairs)
    odd = [pair for pair in sorted(counts) if (counts[pair] + earlier.get(pair, 0)) % 2]
    goal = dict(zip(odd, oriented(odd), strict=True))
    sides: dict[Pair, list[bool]] = {}
    for pair, n in sorted(counts.items()):
        wanted = (n - earlier.get(pair, 0) + goal.get(pair, 0)) // 2
        ones = min(max(wanted, 0), n)
        sides[pair] = [True] * ones + [False] * (n - ones)
        rng.shuffle(sides[pair])
    return [sides[pair].pop() for pair in pairs]


def oriented(edges: Sequence[Pair]) -> list[int]:
    """A direction per edge, +1 from its first to its second end: in and out differ by one at most everywhere.

    Ends of odd degree are joined to one more vertex; then every walk along unused edges closes on itself.
    """
    ends: list[tuple[int | None, int | None]] = [*edges]
    degree = Counter(end for edge in edges for end in edge)
    ends += [(None, end) for end, times in sorted(degree.items()) if times % 2]
    around: dict[int | None, list[int]] = defaultdict(list)
    for number, edge in enumerate(ends):
        for end in edge:
            around[end].append(number)
    direction = [0] * len(ends)
    for start in list(around):
        at: int | None = start
        while (taken := _unused(around[at], direction)) is not None:
            one, other = ends[taken]
            direction[taken] = 1 if at == one else -1
            at = other if at == one else one
    return direction[: len(edges)]


def _unused(numbers: list[int], direction: Sequence[int]) -> int | None:
    while numbers:
        number = numbers.pop()
        if not direction[number]:
            return number
    return None
