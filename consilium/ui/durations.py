"""How long something takes, as people say it."""

from typing import Final

MINUTE: Final = 60.0
_HOUR, _DAY = 3600.0, 86_400.0


def about(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 50:
        return "less than a minute" if seconds >= 10 else "a few seconds"
    for unit, length, longest in (("min", MINUTE, 90 * MINUTE), ("h", _HOUR, 36 * _HOUR)):
        if seconds < longest:
            return f"about {max(1, round(seconds / length))} {unit}"
    return f"about {round(seconds / _DAY)} days"
