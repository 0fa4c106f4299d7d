"""`manage.py purge SLUG [--now --reason TEXT] [--by LEAD]`: runs here, without a worker."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.images.purge import start_due_purge, start_purge
from curation.management.acting_lead import add_by, lead_of, study_named


class Command(ReportingCommand):
    help = "Delete pixels of refused images and texts of dropped questions whose time of grace is over."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--now", action="store_true", help="All of them, whatever their time.")
        parser.add_argument("--reason", default="", help="Needed with --now; it stays in the study's record.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        by = lead_of(study, options["by"])
        if options["now"]:
            job = start_purge(study=study, by=by, reason=options["reason"])
        else:
            job = start_due_purge(study=study, by=by)
        job = run_until_over(job)
        if job.state != JobState.SUCCEEDED:
            raise Refused(job.error or f"The purge was {job.state}.")
        return dict(job.result)
