"""Results as plain JSON data and back, for files and for figures that are kept."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

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
    if not given:
        return _reader(kind)(data)
    read = {name: reader for name, reader in _readers(kind).items() if name not in given}
    return kind(**given, **{name: reader(data[name]) for name, reader in read.items()})


Reader: TypeAlias = Callable[[Any], Any]


@cache  # annotations are taken apart once: a board has thousands of values
def _reader(kind: Any) -> Reader:
    parts = get_args(kind)
    match get_origin(kind):
        case origin if origin in (Union, UnionType):
            return _optional(parts)
        case origin if origin is list:
            item = _reader(parts[0])
            return lambda data: [item(one) for one in data]
        case origin if origin is tuple:
            items = [_reader(part) for part in parts]
            return lambda data: tuple(read(one) for read, one in zip(items, data, strict=True))
        case origin if origin is dict:
            key, value = map(_reader, parts)
            return lambda data: {key(name): value(one) for name, one in data.items()}
    if kind is Interval:
        return lambda data: Interval(*data)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return lambda data: kind(**{name: read(data[name]) for name, read in _readers(kind).items()})
    return (lambda data: data) if kind is Any else kind


def _optional(kinds: tuple[Any, ...]) -> Reader:
    """Reads a value that may be undefined, or None."""
    read = _reader(next(kind for kind in kinds if kind not in (Undefined, NoneType)))

    def optional(data: Any) -> Any:
        if data is None and NoneType in kinds:
            return None
        if type(data) is dict and data.keys() == {"undefined"} and Undefined in kinds:
            return Undefined(data["undefined"])
        return read(data)

    return optional


@cache
def _readers(kind: type) -> dict[str, Reader]:
    hints = get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}
