"""The `<think>` blocks of a reply, for the parsers that must not read what is inside them."""

import re
from dataclasses import dataclass
from typing import Final

_TAG: Final = re.compile(r"<(/?)think>", re.IGNORECASE)


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
    kept: list[str] = []
    position, opened = 0, False
    for tag in _TAG.finditer(text):
        if tag[1]:
            # Without an opening tag of its own, a closing one ends thinking that began before the reply.
            kept = kept if opened else []
            position, opened = tag.end(), False
        elif not opened:
            kept.append(text[position : tag.start()])
            position, opened = tag.end(), True
    if opened:
        return Visible("\n".join(kept), unclosed=True, open_thinking=text[position:])
    return Visible("\n".join([*kept, text[position:]]), unclosed=False)
