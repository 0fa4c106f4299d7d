"""An estimate as the launch page shows it."""

from collections.abc import Sequence
from typing import Any

from benchmark.estimate import CHARACTERS_PER_TOKEN, IMAGE_TOKENS, WRITTEN_TOKENS, ScoringEstimate
from consilium.ui.durations import about

_UNKNOWN = "unknown"


def estimate_lines(found: Sequence[ScoringEstimate]) -> dict[str, Any]:
    """A line per model and variant, their sums, and what the figures rest on."""
    paid = [one.dollars for one in found if not one.endpoint.is_local]
    known = [dollars for dollars in paid if dollars is not None]
    return {
        "lines": [_line(one) for one in found],
        "calls": sum(one.calls for one in found),
        "stored": sum(one.stored for one in found),
        "prompt_tokens": sum(one.prompt_tokens for one in found),
        "completion_tokens": sum(one.completion_tokens for one in found),
        "dollars": _dollars(sum(known)) if len(known) == len(paid) else _UNKNOWN,
        "has_assumed": any(one.calls and not one.counted for one in found),
        "characters": CHARACTERS_PER_TOKEN,
        "image_tokens": IMAGE_TOKENS,
        "written_tokens": WRITTEN_TOKENS,
    }


def _line(one: ScoringEstimate) -> dict[str, Any]:
    return {
        "model": one.endpoint.name,
        "variant": "judge of open answers" if one.decides else one.variant.label,
        "calls": one.calls,
        "stored": one.stored,
        "prompt_tokens": one.prompt_tokens,
        "completion_tokens": one.completion_tokens,
        "tokens_from": _grounds(one),
        "time": _time(one),
        "time_from": f"from {one.timed:,} replies, {one.in_flight} at once"
        if one.calls and one.timed
        else "",
        "dollars": "none: served here" if one.endpoint.is_local else _dollars(one.dollars),
    }


def _grounds(one: ScoringEstimate) -> str:
    if not one.calls:
        return ""
    return f"from {one.counted:,} replies" if one.counted else "assumed"


def _time(one: ScoringEstimate) -> str:
    if not one.calls:
        return "nothing is left to ask"
    return _UNKNOWN if one.seconds is None else about(one.seconds)


def _dollars(value: float | None) -> str:
    if value is None:
        return _UNKNOWN
    return "less than $0.01" if 0 < value < 0.01 else f"${value:,.2f}"
