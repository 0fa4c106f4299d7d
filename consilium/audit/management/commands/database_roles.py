"""`manage.py database_roles [--sql]`: make PostgreSQL's application and read-only roles with their rights."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.audit.database_roles import make_roles, planned_statements
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Make the roles that DATABASE_URL and DATABASE_READER_URL name, with their passwords, and grant what "
        "they may do; connects as DATABASE_OWNER_URL. Run it again after a password has changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--sql", action="store_true", help="Change nothing: print the SQL, without passwords."
        )

    def perform(self, **options: Any) -> dict[str, Any]:
        if not options["sql"]:
            return {"roles": make_roles()}
        statements = planned_statements()
        if options["json"]:
            return {"statements": statements}
        self.stdout.write("".join(f"{statement};\n" for statement in statements))
        return {}
