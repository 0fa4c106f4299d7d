"""The thinking in a reply, for the parsers that must not read what is inside it."""

import re
from dataclasses import dataclass
from typing import Final

_TAG: Final = re.compile(r"<(/?)think(?:ing)?>|\[(/?)THINK\]|\u25c1(/?)think\u25b7", re.IGNORECASE)
# Models that speak in channels think in one of them and answer in another.
_CHANNEL: Final = re.compile(
    r"(?:<\|start\|>assistant)?<\|channel\|>\s*(?:analysis|commentary)[^<]*<\|message\|>", re.IGNORECASE
)
_CHANNEL_END: Final = re.compile(r"<\|end\|>|(?=<\|channel\|>)", re.IGNORECASE)
_SPOKEN: Final = re.compile(
    r"(?:<\|start\|>assistant)?<\|channel\|>\s*final[^<]*<\|message\|>|<\|(?:end|return)\|>", re.IGNORECASE
)


@dataclass(frozen=True)
class Visible:
    """A reply without its thinking.

    When the thinking never ends, `unclosed` is true; `text` precedes it, `open_thinking` is in it.
    """

    text: str
    unclosed: bool
    open_thinking: str = ""


def drop_thinking(text: str) -> Visible:
    """Remove all thinking that ends: think blocks, as several families of models write them.

    A closing tag without an opening one ends thinking that the chat template opened in the prompt, so
    everything before it is dropped as well.
    """
    text = _channels_as_blocks(text) if "<|" in text else text
    kept: list[str] = []
    position, opened = 0, False
    for tag in _TAG.finditer(text):
        if any(tag.groups()):
            # Without an opening tag of its own, a closing one ends thinking that began before the reply.
            kept = kept if opened else []
            position, opened = tag.end(), False
        elif not opened:
            kept.append(text[position : tag.start()])
            position, opened = tag.end(), True
    if opened:
        return Visible("\n".join(kept), unclosed=True, open_thinking=text[position:])
    return Visible("\n".join([*kept, text[position:]]), unclosed=False)


def _channels_as_blocks(text: str) -> str:
    parts: list[str] = []
    position = 0
    while start := _CHANNEL.search(text, position):
        parts += [text[position : start.start()], "<think>"]
        end = _CHANNEL_END.search(text, start.end())
        if end is None:
            return "".join([*parts, text[start.end() :]])
        parts += [text[start.end() : end.start()], "</think>"]
        position = end.end()
    return _SPOKEN.sub("", "".join([*parts, text[position:]]))
