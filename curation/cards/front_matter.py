"""Writes the YAML at the head of a card: block style, the same bytes for the same values. Pure.

Written here rather than by a library, so that a host without the training libraries exports too.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./<+-]*")
# Words that YAML reads as something else than text, in any case.
NOT_TEXT: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def front_matter(values: Mapping[str, Any]) -> list[str]:
    """The lines from `---` to `---`. Empty values are left out at the top."""
    kept = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    return ["---", *_mapping(kept), "---"]


def _mapping(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        name = _scalar(str(key))
        if isinstance(value, Mapping) and value:
            yield f"{name}:"
            yield from (f"  {line}" for line in _mapping(value))
        elif _is_list(value) and value:
            yield f"{name}:"
            yield from _sequence(value)
        else:
            yield f"{name}: {_scalar(value)}"


def _sequence(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *others = _mapping(value)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
        else:
            yield f"- {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_TEXT:
        return value
    # JSON is YAML, but for letters that YAML wants spelled out.
    quoted = json.dumps(value, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
