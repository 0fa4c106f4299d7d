"""The named settings of a study: METHOD.md's defaults, validated; pure."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from consilium.refusals import Refused


class SettingRefused(Refused):
    """A study setting that is unknown or out of range; the text names it and the allowed range."""


RANGES: dict[str, tuple[float, float]] = {
    "votes_per_case": (1, 9),
    "reviews_per_trace": (1, 5),
    "quiet_hours": (0, 24 * 30),
    "claim_minutes": (1, 24 * 60),
    "prefetch": (0, 5),
    "trace_tokens_min": (1, 100_000),
    "trace_tokens_max": (1, 100_000),
    "trace_samples": (1, 16),
    "answer_tokens_max": (16, 32_768),
    "split_train": (0, 1),
    "split_dev": (0, 1),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True, slots=True)
class StudySettings:
    """Values a lead may set until the protocol lock (durations in the unit of their name)."""

    votes_per_case: int = 3
    reviews_per_trace: int = 1
    quiet_hours: float = 24
    senior_on_any_split: bool = False
    claim_minutes: int = 30
    prefetch: int = 1
    trace_tokens_min: int = 80
    trace_tokens_max: int = 600
    trace_samples: int = 1
    answer_tokens_max: int = 512
    teacher_sees_gold: bool = True
    review_shows_gold: bool = True
    split_train: float = 0.6
    split_dev: float = 0.1
    seed: int = 20260110
    second_person: bool = False
    releases_signed: bool = False

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "StudySettings":
        """Settings from stored JSON. Raises SettingRefused for an unknown name or a value out of range."""
        known = {field.name for field in fields(cls)}
        for name, value in data.items():
            if name not in known:
                raise SettingRefused(f"There is no study setting named {name!r}.")
            low, high = RANGES.get(name, (0, 1))
            if not isinstance(value, int | float) or not low <= value <= high:
                raise SettingRefused(f"{name} must lie between {low:g} and {high:g}.")
        made = cls(**data)
        if made.trace_tokens_min > made.trace_tokens_max:
            raise SettingRefused("trace_tokens_min must not be larger than trace_tokens_max.")
        if made.split_train + made.split_dev > 1:
            raise SettingRefused(
                "split_train and split_dev together must not be more than 1; the rest is test."
            )
        return made

    def to_json(self) -> dict[str, Any]:
        """All settings, defaults included, as the protocol lock hashes them."""
        return asdict(self)
