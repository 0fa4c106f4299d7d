"""How every command ends: exit code 0, 1 or 2, text for people or JSON, never a traceback for bad input."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, ProgrammingError, models
from django.utils.text import camel_case_to_spaces

from consilium.refusals import Refused

# Besides refusals: what Django says of a wrong field, and a database that is away or not prepared.
EXPECTED = (Refused, ValidationError, OperationalError, ProgrammingError)


class ReportingCommand(BaseCommand):
    """A command that takes --json and returns a dict from `perform`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Every command takes --json."""
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object.")

    @abstractmethod
    def perform(self, **options: Any) -> dict[str, Any]:
        """Do it and return what to print; `ok: False` makes the exit code 1."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `perform`; a named refusal becomes exit code 2 with its text."""
        try:
            result = self.perform(**options)
        except EXPECTED as error:
            raise CommandError(_text(error), returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps(result, sort_keys=True))
        else:
            self.stdout.write("\n".join(_lines(result)))
        if result.get("ok") is False:
            raise CommandError("Finished with findings.", returncode=1)


Row = TypeVar("Row", bound=models.Model)


def named(rows: "models.QuerySet[Row]", **by: Any) -> Row:
    """The one row that an argument of a command names. Raises Refused when there is none."""
    found = rows.filter(**by).first()
    if found is None:
        kind = camel_case_to_spaces(rows.model.__name__)
        raise Refused(f"There is no {kind} of that name; check the spelling.")
    return found


def _text(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, DatabaseError):
        hint = "check that it runs, then prepare it with `manage.py setup`."
        return f"The database does not answer or is not prepared ({type(error).__name__}): {hint}"
    return str(error)


def _entry(entry: Any) -> str:
    return (
        ", ".join(f"{name}: {value}" for name, value in entry.items()) if isinstance(entry, dict) else entry
    )


def _lines(result: dict[str, Any], indent: str = "") -> Iterator[str]:
    """`name: value` for people; a mapping becomes an indented block, a list one line per entry."""
    for name, value in result.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{name}: {len(value)}"
            yield from (f"{indent}  {_entry(entry)}" for entry in value)
        else:
            yield f"{indent}{name}: {value}"
