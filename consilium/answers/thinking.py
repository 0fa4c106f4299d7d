"""The `<think>` blocks of a reply, for the parsers that must not read what is inside them."""

import re
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = re.compile(r"<think>.*?</think>", re.IGNORECASE | re.DOTALL)
_OPEN: Final = re.compile(r"<think>", re.IGNORECASE)
_CLOSE: Final = re.compile(r"</think>", re.IGNORECASE)


@dataclass(frozen=True)
class Visible:
    """A reply without its thinking.

    When a think block never ends, `unclosed` is true; `text` precedes that block, `open_thinking` is in it.
    """

    text: str
    unclosed: bool
    open_thinking: str = ""


def drop_thinking(text: str) -> Visible:
    """Remove every closed think block.

    A closing tag without an opening one ends thinking that the chat template opened in the prompt, so
    everything before it is dropped as well.
    """
    rest = _BLOCK.sub("\n", text)
    closings = list(_CLOSE.finditer(rest))
    if closings:
        rest = rest[closings[-1].end() :]
    opening = _OPEN.search(rest)
    if opening:
        return Visible(rest[: opening.start()], unclosed=True, open_thinking=rest[opening.end() :])
    return Visible(rest, unclosed=False)
