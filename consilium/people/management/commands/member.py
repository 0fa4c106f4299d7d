"""`manage.py member add SLUG NAME --role ROLE`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.people.models import Person, Role, Specialty, Study
from consilium.people.studies import add_member


class Command(ReportingCommand):
    help = "Give a person a role in a study."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["add"])
        parser.add_argument("slug")
        parser.add_argument("name")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument("--specialty", choices=Specialty.values, default="")

    def perform(self, **options: Any) -> dict[str, Any]:
        study = named(Study.objects.all(), slug=options["slug"])
        person = named(Person.objects.all(), username=options["name"])
        add_member(study=study, person=person, role=options["role"], by=None, specialty=options["specialty"])
        return {"study": study.slug, "person": person.username, "role": options["role"]}
