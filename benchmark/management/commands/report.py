"""`manage.py report DIGEST DIR [--by LEAD]`: write the report of a release's judges."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchmark.report.figures import judge_report
from benchmark.report.kept import KeptReport
from benchmark.report.take import take_report
from consilium.atomic_folder import atomic_folder
from consilium.commands import ReportingCommand
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.statistics.bootstrap import REPLICATES
from consilium.statistics.json_form import as_json
from curation.management.acting_lead import add_by, lead_of
from curation.models import ReleaseKind
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Write the report of a release's judges: a page, tables, charts and figures."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="Of a preference release, 8 digits or more.")
        parser.add_argument("folder", type=Path, help="That does not exist yet.")
        parser.add_argument("--replicates", type=int, default=REPLICATES, help="Draws of the bootstrap.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        person, folder = lead_of(release.study, options["by"]), options["folder"]
        check_lead(person, release.study)
        if release.kind != ReleaseKind.PREFERENCES:
            raise Refused(f"{release} is no preference release: its judges cannot be reported on.")
        if options["replicates"] < 100:
            raise Refused("An interval needs at least 100 replicates.")
        if folder.exists():
            raise Refused("The folder exists already; name one that does not.")
        report = judge_report(release, replicates=options["replicates"])
        if not report.judges:
            raise Refused(f"No judge has been scored on {release} yet.")
        try:
            with atomic_folder(folder.resolve()) as new:
                names = take_report(release, KeptReport(as_json(report)), person, new)
        except OSError as error:  # the text of the error names the whole path
            raise Refused(f"The folder could not be written: {error.strerror or 'disk error'}.") from None
        return {"digest": release.digest, "judges": len(report.judges), "files": names}
