"""`manage.py person create NAME [--operator]`: prints the password once, or reads it from standard input.

`manage.py person let_in NAME --reason TEXT`: where passwords are off, one hour for an operator to use theirs.
"""

import secrets
import sys
from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.people.accounts import create_person
from consilium.people.models import Person
from consilium.people.password_login import let_in


class Command(ReportingCommand):
    help = "Create an account, or let an operator in by password where passwords are off."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["create", "let_in"])
        parser.add_argument("name")
        parser.add_argument("--operator", action="store_true")
        parser.add_argument("--display-name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="Read the password from standard input."
        )

        parser.add_argument("--reason", default="", help="Why an operator is let in; it stays on record.")

    def perform(self, **options: Any) -> dict[str, Any]:
        name = options["name"]
        if options["action"] == "let_in":
            person = named(Person.objects.all(), username=name)
            until, made = let_in(person=person, reason=options["reason"])
            told = {"person": name, "until": until.isoformat(timespec="minutes")}
            return told | ({"password": made} if made else {})
        given = sys.stdin.readline().strip() if options["password_stdin"] else ""
        password = given or secrets.token_urlsafe(12)
        display_name = options["display_name"] or name.title()
        create_person(
            username=name,
            password=password,
            display_name=display_name,
            is_operator=options["operator"],
            by=None,
        )
        return {"person": name} if given else {"person": name, "password": password}
