"""Classes of letters for expressions; the standard library has none for capitals."""

from typing import Final

_LATIN_GREEK_CYRILLIC: Final = (range(0x41, 0x530), range(0x1E00, 0x2000))
UPPER: Final = "[" + "".join(chr(c) for part in _LATIN_GREEK_CYRILLIC for c in part if chr(c).isupper()) + "]"
LETTER: Final = r"[^\W\d_]"
