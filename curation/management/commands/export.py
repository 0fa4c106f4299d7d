"""`manage.py export DIGEST DIR [--by LEAD]`: write a release to a folder that does not exist yet."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.layouts.registry import known
from curation.management.acting_lead import add_by, lead_of
from curation.releases.export import DEFAULT, write_export
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Export a release in one of the layouts, with manifest and card."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="8 digits or more.")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--layout", choices=[layout.name for layout in known()], default=DEFAULT)
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        person, folder = lead_of(release.study, options["by"]), options["folder"]
        check_lead(person, release.study)
        if folder.exists():
            raise Refused("The folder exists already; name one that does not.")
        try:
            write_export(release, folder.resolve(), layout=options["layout"], by=person)
        except OSError as error:  # the text of the error names the whole path
            raise Refused(f"The folder could not be written: {error.strerror or 'disk error'}.") from None
        return {"digest": release.digest, "rows": release.row_count, "folder": folder.name}
