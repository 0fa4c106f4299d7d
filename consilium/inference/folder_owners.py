"""Whose a folder under the models folder is: the app that fills a part of it says so."""

from collections.abc import Callable

# Gets the rest of a path beneath the part; the study's key, or None for a folder of no study.
OwnerOf = Callable[[str], int | None]

_parts: dict[str, OwnerOf] = {}


def register(part: str, owner_of: OwnerOf) -> None:
    """Have `owner_of` answer for every folder under `part`; two apps never share one."""
    if _parts.setdefault(part, owner_of) != owner_of:
        raise ValueError(f"Two apps fill {part}.")


def is_filled(path: str) -> bool:
    """Whether an app fills the part of the models folder in which this path lies."""
    return path.partition("/")[0] in _parts


def owner_of(path: str) -> int | None:
    """The key of the study that a path (relative to the models folder) belongs to, if to any."""
    part, _, rest = path.partition("/")
    return _parts[part](rest) if part in _parts else None
