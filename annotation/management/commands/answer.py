"""`manage.py answer SLUG --endpoint NAME... [--by LEAD] [--wait]`."""

from typing import Any

from django.core.management.base import CommandParser

from annotation.responses import ask_for_answers
from consilium.commands import ReportingCommand, named
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from curation.management.acting_lead import add_by, lead_of, study_named


class Command(ReportingCommand):
    help = "Let models answer every ready test question that they have not answered."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("--endpoint", required=True, nargs="+", help="Names of the models to ask.")
        parser.add_argument("--wait", action="store_true", help="Run here until all are over.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        by = lead_of(study, options["by"])
        known = ModelEndpoint.objects.for_study(study)
        endpoints = [named(known, name=name) for name in options["endpoint"]]
        jobs = [ask_for_answers(study=study, endpoint=endpoint, by=by) for endpoint in endpoints]
        if options["wait"]:
            jobs = [run_until_over(job) for job in jobs]
        told = {endpoint.name: _told(job) for endpoint, job in zip(endpoints, jobs, strict=True)}
        failed = any(job.state == JobState.FAILED for job in jobs)
        return {"jobs": told, **({"ok": False} if failed else {})}


def _told(job: Job) -> dict[str, Any]:
    error = {"error": job.error} if job.error else {}
    return {"job": str(job.pk), "state": job.state, **job.result, **error}
