"""Control tokens in what people wrote: made harmless by the base's own vocabulary before it is trained on.

An image token inside a trace counts as one more image and stops the trainer; an end of turn would teach the
model to stop there. Prompts already show such tokens with round brackets, so a trace does too: one stray
token does not stop a run of days, and the card names the rows. What cannot be written otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeVar

from consilium.answers.escape import escape_tokens
from training.job.data import unusable

# Part of the format that is taught; some vocabularies list these among their special tokens.
_FORMAT = frozenset(("<think>", "</think>", "<answer>", "</answer>"))


class WrittenRow(Protocol):
    """A row of a release with texts that people or models wrote; `place` names its row and line."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def place(self) -> str: ...  # noqa: D102

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """Return the row with every text changed so."""
        ...


Row = TypeVar("Row", bound=WrittenRow)


class ControlTokens:
    """The control tokens of one base."""

    def __init__(self, processor: Any) -> None:
        self._tokenizer = processor.tokenizer
        self._tokens = _named(processor) - _FORMAT
        self._ids = set(self._tokenizer.convert_tokens_to_ids(sorted(self._tokens)))

    def harmless(self, row: Row) -> Row:
        """Return the row without control tokens, unchanged when it has none. Raises SpecError."""
        return row.with_texts(lambda text: self._text(text, row.place))

    def _text(self, text: str, place: str) -> str:
        if not self._found(text):
            return text
        plain = escape_tokens(text, self._tokens)
        if left := self._found(plain):
            token = self._tokenizer.convert_ids_to_tokens(min(left))
            raise unusable(place, f" holds {token!r}, a control token of the base model")
        return plain

    def _found(self, text: str) -> set[int]:
        return self._ids.intersection(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def without_controls(samples: Sequence[Row], processor: Any) -> tuple[list[Row], dict[str, list[str]]]:
    """Return the samples without control tokens, and for the card the ids of those that were changed.

    Raises SpecError naming the row.
    """
    controls = ControlTokens(processor)
    plain = [controls.harmless(sample) for sample in samples]
    changed = [old.id for old, new in zip(samples, plain, strict=True) if old != new]
    return plain, {"control_tokens_escaped": changed} if changed else {}


def _named(processor: Any) -> set[str]:
    """Every special token of the vocabulary, and those for images and the like that the processor names."""
    tokenizer = processor.tokenizer
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    special |= set(tokenizer.all_special_tokens)
    special |= {value for name, value in vars(processor).items() if name.endswith("_token")}
    # Ordinary text may be read as unknown, unless the same token also ends or fills a text.
    unknown = {tokenizer.unk_token} - {tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token}
    return special.intersection(tokenizer.get_vocab()) - unknown
