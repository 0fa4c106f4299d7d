"""`manage.py trace SLUG --endpoint NAME [--paradigm P] [--by LEAD] [--wait]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from curation.management.acting_lead import add_by, lead_of, study_named
from curation.traces.generate import start_tracing


class Command(ReportingCommand):
    help = "Let a model write traces for every ready training question that lacks one."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--endpoint", required=True)
        parser.add_argument("--paradigm", default="")
        parser.add_argument("--wait", action="store_true", help="Run here until it is over.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        job = start_tracing(
            study=study,
            endpoint=named(ModelEndpoint.objects.for_study(study), name=options["endpoint"]),
            by=lead_of(study, options["by"]),
            paradigm=options["paradigm"],
        )
        if options["wait"]:
            job = run_until_over(job)
        over = {"error": job.error, "ok": False} if job.state == JobState.FAILED else {}
        return {"job": str(job.pk), "state": job.state, **job.result, **over}
