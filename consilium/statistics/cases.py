"""Statistics by name from JSON input: what `python -m consilium.statistics` computes."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from consilium.statistics.json_form import as_json
from consilium.statistics.offered import Input, Offered
from consilium.statistics.offered_agreement import AGREEMENT
from consilium.statistics.offered_comparisons import COMPARISONS
from consilium.statistics.offered_judges import JUDGES
from consilium.statistics.offered_models import MODELS

STATISTICS: Final[dict[str, Offered]] = {**AGREEMENT, **COMPARISONS, **JUDGES, **MODELS}


class BadCaseError(ValueError):
    """A case that cannot be computed as written; the message says what is wrong."""


def compute(statistic: str, given: Input) -> Any:
    """The statistic as JSON-ready data; what does not exist is `{"undefined": why}`.

    Raises:
        BadCaseError: an unknown statistic, or input that does not fit it.
    """
    if statistic not in STATISTICS:
        raise BadCaseError(f"unknown statistic {statistic!r}; known: {', '.join(sorted(STATISTICS))}")
    if not isinstance(given, Mapping):
        raise BadCaseError("the input must be an object")
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            found = as_json(STATISTICS[statistic].compute(given))
    except KeyError as error:
        raise BadCaseError(f"the input lacks {error}") from error
    except ArithmeticError as error:
        raise BadCaseError(
            f"the input of {statistic} holds numbers too large or too small: {error}"
        ) from error
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadCaseError(f"the input does not fit {statistic}: {error}") from error
    if not _is_finite(found):
        raise BadCaseError(f"the input of {statistic} holds numbers too large or too small")
    return found


def _is_finite(found: Any) -> bool:
    """Whether every number of the result is one in JSON."""
    if isinstance(found, float):
        return math.isfinite(found)
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return all(map(_is_finite, parts))
