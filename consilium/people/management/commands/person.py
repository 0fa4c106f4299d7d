"""`manage.py person create NAME [--operator]`: prints the password once, or reads it from standard input."""

import secrets
import sys
from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.people.accounts import create_person


class Command(ReportingCommand):
    help = "Create an account."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["create"])
        parser.add_argument("name")
        parser.add_argument("--operator", action="store_true")
        parser.add_argument("--display-name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="Read the password from standard input."
        )

    def perform(self, **options: Any) -> dict[str, Any]:
        name = options["name"]
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
