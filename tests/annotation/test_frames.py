"""Two frames of one vote, and which answer is A."""

import random
from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from annotation.frames import SHOWN_CHOICES, SHOWN_HARM, label_of, side, to_case, to_shown
from annotation.models import Choice, Harm
from annotation.sides import first_is_a, oriented

ORDERS = st.sampled_from("ab")


@given(st.sampled_from(SHOWN_CHOICES), ORDERS)
def test_a_choice_survives_both_frames(choice: str, first: str) -> None:
    assert to_shown(to_case(choice, first), first) == choice
    assert to_case(choice, first) in Choice.values


@given(st.sampled_from(Choice.values), ORDERS)
def test_a_stored_choice_survives_both_frames(choice: str, first: str) -> None:
    assert to_case(to_shown(choice, first), first) == choice


@given(st.sampled_from(SHOWN_CHOICES), ORDERS)
def test_the_label_follows_the_order_and_nothing_else(choice: str, first: str) -> None:
    other = "b" if first == "a" else "a"
    expected = {"first": first.upper(), "second": other.upper()}.get(choice.partition("_")[0])
    assert label_of(to_case(choice, first)) == expected


@given(st.sampled_from(SHOWN_HARM), ORDERS)
def test_harm_is_stored_in_the_frame_of_the_case(flag: str, first: str) -> None:
    assert side(flag, first) in Harm.values
    assert (side(flag, first) == flag) == (flag in ("neither", "both"))


PAIRS = st.lists(st.sampled_from(list(combinations(range(1, 6), 2))), max_size=60)


@given(PAIRS, st.integers(0, 10))
def test_sides_are_balanced_within_each_pair_and_for_each_model(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    sides = first_is_a(pairs, {}, random.Random(seed))
    within: Counter[tuple[int, int]] = Counter()
    model: Counter[int] = Counter()
    for (low, high), first in zip(pairs, sides, strict=True):
        sign = 1 if first else -1
        within[low, high] += sign
        model[low] += sign
        model[high] -= sign
    assert all(abs(lead) <= 1 for lead in within.values())
    assert all(abs(lead) <= 1 for lead in model.values())


@given(PAIRS, PAIRS, st.integers(0, 10))
def test_a_later_round_makes_up_for_an_earlier_one(
    earlier: list[tuple[int, int]], later: list[tuple[int, int]], seed: int
) -> None:
    rng = random.Random(seed)
    within: Counter[tuple[int, int]] = Counter()
    for pairs in (earlier, later):
        for pair, first in zip(pairs, first_is_a(pairs, dict(within), rng), strict=True):
            within[pair] += 1 if first else -1
    assert all(abs(lead) <= 1 for lead in within.values())


@given(PAIRS)
def test_every_edge_gets_a_direction(edges: list[tuple[int, int]]) -> None:
    assert set(oriented(edges)) <= {1, -1}
