"""Results as plain JSON data and back, for files and for figures that are kept."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from consilium.statistics.intervals import Interval
from consilium.statistics.undefined import Undefined


def as_json(value: Any) -> Any:
    """Results as plain JSON data: dataclasses by field, intervals as [low, high]."""
    if isinstance(value, Undefined):
        return {"undefined": value.reason}
    if isinstance(value, Interval):
        return [value.low, value.high]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def from_json(kind: Any, data: Any, **given: Any) -> Any:
    """What `as_json` was given, of the annotated kind: a dataclass, `Maybe[float]`, `dict[str, Estimate]`.

    `given` are fields of the dataclass that the data does not hold.
    """
    parts = get_args(kind)
    match get_origin(kind):
        case origin if origin in (Union, UnionType):
            return _one_of(parts, data)
        case origin if origin is list:
            return [from_json(parts[0], item) for item in data]
        case origin if origin is tuple:
            return tuple(from_json(part, item) for part, item in zip(parts, data, strict=True))
        case origin if origin is dict:
            return {from_json(parts[0], key): from_json(parts[1], item) for key, item in data.items()}
    if kind is Interval:
        return Interval(*data)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        read = {name: part for name, part in _fields(kind).items() if name not in given}
        return kind(**given, **{name: from_json(part, data[name]) for name, part in read.items()})
    return data if kind is Any else kind(data)


def _one_of(kinds: tuple[Any, ...], data: Any) -> Any:
    """A value that may be undefined, or None."""
    if data is None and NoneType in kinds:
        return None
    if Undefined in kinds and isinstance(data, dict) and data.keys() == {"undefined"}:
        return Undefined(data["undefined"])
    return from_json(next(kind for kind in kinds if kind not in (Undefined, NoneType)), data)


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
