"""The run card of an evaluation as its page shows it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmark.models import Evaluation, Verdict
from benchmark.presentation import moment

# Shown as digests, or in a table of their own, or above the card.
APART: Final = (
    "format", "kind", "study", "endpoint", "release", "prompt_sha256", "parser_version", "revision",
    "figures", "answers", "expected_answers", "answers_sha256", "settings", "code_commit",
)  # fmt: skip
NAMES: Final = {
    "model_id": "Model", "image_limits": "Images", "app_version": "Version", "max_tokens": "tokens at most",
    "max_tokens_when_cut": "Tokens when cut",
}  # fmt: skip

_DIGEST: Final = re.compile(r"\b[0-9a-f]{40,64}\b")


def card_lines(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Name and value of what the card says beside its digests."""
    return [(_name(name).capitalize(), value) for name, value in _lines(evaluation.run_card) if value]


def _lines(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in card.items():
        if name == "hardware" and isinstance(value, Mapping):
            yield name, _hardware(value)
        elif name == "server" and isinstance(value, Mapping):
            yield name, _server(value)
        elif name == "orders":
            yield name, ", ".join(Verdict(order=one).get_order_display() for one in value)
        elif name not in APART:
            yield name, _in_words(value)


def _hardware(told: Mapping[str, Any]) -> str:
    """Of the host whose worker asked; a remote model runs on another."""
    gpus = [f"{one['name']}, {_gigabytes(one['memory_bytes'])}" for one in told["gpus"]]
    worker = f"{told['processor']}, {told['cores']} cores, {_gigabytes(told['memory_bytes'])}"
    return "; ".join([worker, *gpus])


def _server(told: Mapping[str, Any]) -> str:
    """Its kind, then where it is or of which versions."""
    rest = [f"{name} {said}" for name, said in told.items() if name not in ("kind", "address") and said]
    return ", ".join(filter(None, [told["kind"], told.get("address", ""), *rest]))


def _gigabytes(size: int) -> str:
    return f"{size / (1 << 30):.0f} GiB"


def _in_words(value: Any) -> str:
    """A list or mapping becomes one line."""
    if isinstance(value, str) and (shown := moment(value)):
        return shown
    if isinstance(value, Mapping):
        told = ", ".join(f"{_name(key)} {inner}" for key, inner in value.items() if inner != "")
        return _DIGEST.sub(lambda found: found[0][:12], told)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(name: str) -> str:
    return NAMES.get(name, name.replace("_", " "))
