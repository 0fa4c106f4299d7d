"""What a statistic returns when it does not exist for the data at hand."""

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Undefined:
    """No value, and why; shown to people in place of a number."""

    reason: str


Maybe: TypeAlias = T | Undefined
