"""Which languages texts are written in, told by their script and their commonest small words. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
WORDS: Final = {
    "en": "the of is and which this are with what does in to shows image",
    "de": "der die das und ist ein eine welche nicht mit auf zeigt im bild von",
    "fr": "le la les des est une dans quelle quel sur et du avec montre",
    "es": "el los las es una en que cual qué cuál y con del muestra por",
    "it": "il lo gli è una di che quale nella con del della per mostra",
    "pt": "o os as é uma em que qual no na com do da mostra não",
    "nl": "de het een is van en welke niet met op dit wat zijn toont",
}
LISTED: Final = {name: frozenset(words.split()) for name, words in WORDS.items()}
LEAST_SHARE: Final = 0.05


def languages_in(texts: Iterable[str]) -> list[str]:
    """Codes (ISO 639-1) of the languages that at least one text in twenty is written in, commonest first.

    A text that tells none is not counted; empty where none does.
    """
    counts = Counter(filter(None, map(_language, texts)))
    least = LEAST_SHARE * counts.total()
    common = [(number, name) for name, number in counts.items() if number >= least]
    return [name for _, name in sorted(common, key=lambda pair: (-pair[0], pair[1]))]


def _language(text: str) -> str:
    """The language that most of a text's small words belong to; empty where none does, or two equally."""
    for name, script in SCRIPTS:
        if script.search(text):
            return name
    words = re.findall(r"\w+", text.lower())
    hits = sorted(((sum(word in listed for word in words), name) for name, listed in LISTED.items()))
    (second, _), (most, name) = hits[-2:]
    return name if most > second else ""
