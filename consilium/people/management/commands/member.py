"""`manage.py member add SLUG NAME --role ROLE [--by OPERATOR]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.people.models import Person, Role, Specialty, Study
from consilium.people.studies import add_member, ask_for_role, comes_from_outside


class Command(ReportingCommand):
    help = "Give a person a role in a study; its leads are told, and have to agree where the study says so."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["add"])
        parser.add_argument("slug")
        parser.add_argument("name")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument("--specialty", choices=Specialty.values, default="")
        parser.add_argument("--by", default="", help="User name of the lead or operator who does this.")

    def perform(self, **options: Any) -> dict[str, Any]:
        study = named(Study.objects.all(), slug=options["slug"])
        person = named(Person.objects.all(), username=options["name"])
        by = named(Person.objects.all(), username=options["by"]) if options["by"] else None
        role, specialty = options["role"], options["specialty"]
        result = {"study": study.slug, "person": person.username, "role": role}
        if study.settings.second_person and comes_from_outside(by, study, person):
            ask_for_role(study=study, person=person, role=role, by=by, specialty=specialty)
            return result | {"waits_for": "a lead of the study, who has to agree"}
        add_member(study=study, person=person, role=role, by=by, specialty=specialty)
        return result
