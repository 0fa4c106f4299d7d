"""Reads the JSON a browser sends: known fields of the right type, and only text that can be stored."""

import json
import uuid
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from consilium.refusals import Refused

LARGEST_BODY = 256 * 1024
DEEPEST = 12
LARGEST_NUMBER = 2**31 - 1


class BadBody(Refused):
    """A request body that cannot be used; the text says why. `status` is 400 or 413."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def read_body(request: HttpRequest, **fields: type) -> dict[str, Any]:
    """The JSON object of the request with exactly `fields`; numbers are whole and not negative.

    A type of uuid.UUID parses its text. Raises BadBody.
    """
    body = _parsed(_raw(request))
    if unknown := sorted(set(body) - set(fields)):
        raise BadBody(f"Unknown field: {', '.join(unknown)[:100]}.")
    if missing := sorted(set(fields) - set(body)):
        raise BadBody(f"Missing field: {', '.join(missing)}.")
    return {name: _typed(name, body[name], wanted) for name, wanted in fields.items()}


def _raw(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise BadBody("Send JSON (Content-Type: application/json).")
    try:
        raw = request.body
    except RequestDataTooBig:
        raw = b" " * (LARGEST_BODY + 1)
    if len(raw) > LARGEST_BODY:
        raise BadBody(f"This is too long: at most {LARGEST_BODY // 1024} KiB can be stored.", status=413)
    return raw


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadBody("This is not valid JSON.") from None
    if not isinstance(body, dict):
        raise BadBody("Send a JSON object.")
    _check_storable(body, DEEPEST)
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_storable(value: Any, deeper: int) -> None:
    """Refuse what a JSON column of some database cannot hold: NUL, lone surrogates, endless nesting."""
    if deeper == 0:
        raise BadBody("This is nested too deeply.")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadBody("The text holds a character that cannot be stored.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_storable(name, deeper)
            _check_storable(inner, deeper - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_storable(inner, deeper - 1)


def _typed(name: str, value: Any, wanted: type) -> Any:
    if wanted is uuid.UUID and isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            raise BadBody(f"{name} must be a UUID.") from None
    if wanted is int:
        if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
            raise BadBody(f"{name} must be a whole number from 0 on.")
        return value
    if not isinstance(value, wanted):
        raise BadBody(f"{name} must be a {'text' if wanted is str else 'JSON object'}.")
    return value
