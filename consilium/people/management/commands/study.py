"""`manage.py study create SLUG [--name NAME]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.people.studies import create_study


class Command(ReportingCommand):
    help = "Create a study."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["create"])
        parser.add_argument("slug")
        parser.add_argument("--name", default="")

    def perform(self, **options: Any) -> dict[str, Any]:
        slug, name = options["slug"], options["name"]
        study = create_study(slug=slug, name=name or slug.replace("-", " ").capitalize(), by=None)
        return {"study": study.slug, "name": study.name}
