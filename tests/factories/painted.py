"""Items of the synthetic teaching set, painted once for all tests of a process."""

from functools import cache

from training.demo_models.teaching_set import SPECIALTIES, TeachingItem, make


@cache
def painted(count: int, seed: int, specialties: tuple[str, ...] = SPECIALTIES) -> tuple[TeachingItem, ...]:
    """The items of a seed, which are always the same; they are frozen, their options to be copied."""
    return tuple(make(count, seed, specialties))
