"""How models did on releases, for their cards: the app that scores them registers where to ask. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consilium.inference.models import ModelEndpoint


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One figure of a model on a release, a share; `low` and `high` are None where there is no interval.

    `task`: "solver" or "judge"; `method`: figures are compared only where it is the same.
    """

    task: str
    release: str
    digest: str
    folder: str
    metric: str
    value: float
    low: float | None
    high: float | None
    rows: int
    method: str


Ask = Callable[["ModelEndpoint"], list[ModelResult]]
_asked: list[Ask] = []


def register_results(ask: Ask) -> None:
    """Have `ask` answer for the models that an app scores; registering it again changes nothing."""
    if ask not in _asked:
        _asked.append(ask)


def results_of(model: "ModelEndpoint") -> list[ModelResult]:
    """Everything that any app measured of the model, by task and release."""
    found = [result for ask in _asked for result in ask(model)]
    return sorted(found, key=lambda one: (one.task, one.release, one.digest))
