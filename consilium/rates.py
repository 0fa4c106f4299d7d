"""How much one person may do in a while: token buckets in this process's memory. No Django import.

A bucket holds `number` tokens and fills up within `seconds`: so much may be done at once, and so much per
while. Two web processes have a bucket each. What is rare and costly is counted in the database instead
(people/rate_limits.py).
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta

from consilium.environment import EnvironmentRefused
from consilium.refusals import TooSoon

MOST_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `number` at once, and as many in each `seconds`."""

    number: int
    seconds: float


# Far above what a person does by hand; docs/configuration.md says what each one is for.
DEFAULTS = {
    "submit": Rate(300, 60),
    "call": Rate(1200, 60),
    "upload": Rate(120, 3600),
    "export": Rate(60, 3600),
    "freeze": Rate(60, 3600),
    "launch": Rate(120, 3600),
    "guidelines": Rate(30, 3600),
    "invite": Rate(120, 3600),
}


class TooMany(TooSoon):
    """Somebody did more in a short time than one person does; `wait` is in seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("That was a lot in a short time.", timedelta(seconds=wait))


def read_rates(text: str) -> dict[str, Rate]:
    """The rates, with those of `submit=300/60 upload=20/3600` (number/seconds) in place of the defaults."""
    rates = dict(DEFAULTS)
    for word in text.split():
        name, _, value = word.partition("=")
        number, _, seconds = value.partition("/")
        if name not in DEFAULTS or not number.isdecimal() or not seconds.isdecimal():
            raise EnvironmentRefused(
                f"CONSILIUM_RATES: write NAME=NUMBER/SECONDS, names: {', '.join(DEFAULTS)}."
            )
        if int(number) < 1 or int(seconds) < 1:
            raise EnvironmentRefused("CONSILIUM_RATES: numbers and seconds are at least 1.")
        rates[name] = Rate(int(number), int(seconds))
    return rates


def drawn(tokens: float, at: float, now: float, rate: Rate) -> tuple[float, float]:
    """(tokens left, seconds to wait) after taking one from a bucket that held `tokens` at `at`.

    Nothing is taken where there is less than one; a clock that went back fills nothing.
    """
    filled = min(rate.number, tokens + max(0.0, now - at) * rate.number / rate.seconds)
    if filled >= 1:
        return filled - 1, 0.0
    return filled, (1 - filled) * rate.seconds / rate.number


class Buckets:
    """The buckets of this process. Threads that draw at the same instant may both get the last token."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable, rate: Rate) -> None:
        """Take a token of this key. Raises TooMany."""
        now = self._clock()
        tokens, at = self._held.get(key, (rate.number, now))
        left, wait = drawn(tokens, at, now, rate)
        self._held[key] = (left, now)
        if wait:
            raise TooMany(wait)
        if len(self._held) > MOST_BUCKETS:
            self.clear()

    def clear(self) -> None:
        """Fill all buckets."""
        self._held.clear()


buckets = Buckets()
