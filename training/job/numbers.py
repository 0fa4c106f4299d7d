"""Training makes finite numbers or fails: NaN and infinity are found where they arise, the place is named.

Nothing here imports torch: tensors are asked through their own methods, so the web process may import this.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from torch import Tensor

FIGURES = {
    "loss": "the loss",
    "grad_norm": "the gradient norm",
    "reward": "the mean reward",
    "kl": "the KL divergence",
}
ADVICE = "Choose a smaller learning_rate and launch the run again."
_TRAINING = f"Nothing is published. {ADVICE}"


class NotFinite(ArithmeticError):
    """A figure, a tensor or a number in JSON is NaN or infinite; the message is meant for people."""


def check_figures(figures: Mapping[str, float], step: int) -> None:
    """Check what the trainer logged for `step`. Raises NotFinite naming the step and the figure."""
    for key, name in FIGURES.items():
        if not math.isfinite(figures.get(key, 0.0)):
            raise NotFinite(f"step {step}: {name} is {figures[key]}, not a finite number. {_TRAINING}")


def check_trained(tensors: Iterable[tuple[str, Tensor]], step: int) -> None:
    """Check what has been trained until `step`. Raises NotFinite naming the step and the tensor."""
    if name := _first_not_finite(tensors):
        raise NotFinite(f"step {step}: tensor {name} holds NaN or infinite values after it. {_TRAINING}")


def check_weights(tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Check the weights that are about to be published. Raises NotFinite naming the tensor."""
    if name := _first_not_finite(tensors):
        raise NotFinite(
            f"model: tensor {name} holds NaN or infinite values. Nothing is published. "
            "Check the base model, and what was added to it."
        )


def is_finite(tensor: Tensor) -> bool:
    """Whether every element is a finite number."""
    if not tensor.numel():
        return True
    # Several times faster than a mask: a NaN is both the lowest and the highest.
    return all(bool(end.isfinite()) for end in tensor.aminmax())


def finite_only(value: Any) -> Any:
    """Return a JSON value with every NaN and infinity, however deep, replaced by None."""
    if isinstance(value, dict):
        return {key: finite_only(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite_only(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def standard_json(text: str) -> Any:
    """Read JSON as the standard has it. Raises NotFinite for NaN, Infinity and 1e999, else ValueError."""
    return json.loads(text, parse_constant=_refuse, parse_float=_float)


def _first_not_finite(tensors: Iterable[tuple[str, Tensor]]) -> str:
    return next((name for name, tensor in tensors if not is_finite(tensor)), "")


def _float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise NotFinite(f"{text[:20]} is not a finite number")
