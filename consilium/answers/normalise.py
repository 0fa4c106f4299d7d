"""An answer's text normalised once: layout and self-identification only; the caller keeps the original."""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACES: Final = re.compile("[\t\u00a0\u2000-\u200a\u202f\u205f\u3000 ]+")
_HEADING: Final = re.compile(r"^\s{0,3}#{1,6}\s+", re.MULTILINE)
_BULLET: Final = re.compile(r"^(\s*)[*\u2022\u25cf\u25aa]\s+", re.MULTILINE)
_BOLD: Final = re.compile(r"(\*\*|__)(?=\S)([^\n]+?)(?<=\S)\1")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_MODELS: Final = (
    r"(?:chat\s?gpt|gpt-?\d\w*|claude|gemini|med-?gemma|gemma|qwen|llava|llama|internvl|deepseek|phi-?\d|mistral|"
    r"pixtral|grok|huatuogpt|lingshu|bagel|chameleon|vila|xgen)[\w.\-]*"
)
_MODEL_KIND: Final = (
    r"(?:an?\s+|the\s+)?(?:ai|artificial\s+intelligence|large\s+language|language|vision[- ]language)"
)
_AS_AI: Final = re.compile(
    rf"\bas\s+(?:{_MODEL_KIND}(?:\s+(?:language\s+)?(?:model|assistant|system))?|{_MODELS})"
    r"(?:\s*\([^)\n]*\))?(?:,?\s+(?:developed|made|trained|created|built)\s+by\s+[\w .]+?)?\s*,\s*",
    re.IGNORECASE,
)
_I_AM: Final = re.compile(
    rf"(?:(?<=[.!?]\s)|(?<=\n)|\A)(?:hello[!,.]?\s+)?"
    rf"(?:i\s+am|i['\u2019]m|my\s+name\s+is|this\s+is)\s+(?:{_MODELS}|{_MODEL_KIND}\s+(?:language\s+)?(?:model|assistant))"
    r"[^.!?\n]*[.!?]?[ ]*",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    """Return `text` with plain layout and without sentences in which a model names itself.

    Layout: composed Unicode, line feeds, single spaces, no invisible characters, no Markdown headings or
    bold, one bullet sign, at most one blank line. Words are otherwise untouched.
    Normalising twice changes nothing.
    """
    current, previous = _once(text), text
    # Removing one construct can expose another ("# # x"); the text only ever gets shorter, so this ends.
    while current != previous:
        previous, current = current, _once(current)
    return current


def _once(text: str) -> str:
    return _plain_layout(_without_self_identification(_plain_layout(text)))


def _plain_layout(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(char for char in plain if char in "\n\t" or unicodedata.category(char) != "Cc")
    plain = _SPACES.sub(" ", _INVISIBLE.sub("", plain))
    plain = _BULLET.sub(r"\1- ", _HEADING.sub("", plain))
    plain = _BOLD.sub(r"\2", plain)
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in plain.split("\n"))).strip()


def _without_self_identification(text: str) -> str:
    return _capitalise_start(_I_AM.sub("", _AS_AI.sub("", text)), text)


def _capitalise_start(changed: str, original: str) -> str:
    if changed == original or not changed[:1].islower() or original[:1].islower():
        return changed
    return changed[0].upper() + changed[1:]
