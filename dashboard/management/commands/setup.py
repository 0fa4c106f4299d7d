"""`manage.py setup [--demo [--background]]`: migrate and make the demo study; starts nothing."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from consilium.audit.anchors import anchor_or_log
from consilium.audit.database_roles import as_owner
from consilium.audit.key_marks import check_identity_key
from consilium.backups.schedule import back_up_before_migrating
from consilium.commands import ReportingCommand
from consilium.database_version import unknown_migrations
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Study
from consilium.refusals import Refused
from dashboard.demo.people import CAST, make_demo_people


class Command(ReportingCommand):
    help = (
        "Prepare the data folder; with --demo also a demo study in which every screen has something to show."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--demo", action="store_true")
        parser.add_argument(
            "--background", action="store_true", help="Leave filling the demo study to a worker."
        )

    def perform(self, **options: Any) -> dict[str, Any]:
        with as_owner():  # the application's role may have no rights yet
            if unknown := unknown_migrations():
                raise Refused(
                    f"The database belongs to a newer version: {unknown[0]} is not known here. "
                    "Install that version again, or restore the backup that was made before the upgrade."
                )
            check_identity_key()
            kept = back_up_before_migrating()
        call_command("migrate", verbosity=0)
        check_identity_key()
        before = {"backup": kept} if kept else {}
        anchor_or_log(cause="setup")
        if not options["demo"]:
            return {"ready": True, **before}
        study, passwords = make_demo_people()
        job = demo_job(study)
        if not options["background"]:
            job = run_until_over(job)
        return {
            "ready": True,
            **before,
            "study": study.slug,
            **({"accounts": _accounts(passwords)} if passwords else {}),
            "demo": job.state,
            "ok": job.state != JobState.FAILED,
        }


def demo_job(study: Study) -> Job:
    """The job that fills the demo study: the one there is, unless it failed."""
    jobs = Job.objects.filter(study=study, kind="site.demo").exclude(
        state__in=[JobState.FAILED, JobState.CANCELLED]
    )
    return jobs.first() or enqueue(kind="site.demo", by=None, study=study, params={})


def _accounts(passwords: dict[str, str]) -> dict[str, str]:
    """User name to role and password: shown this once, stored as a hash only."""
    roles = {name: role.label if role else "Operator" for name, _, role in CAST}
    return {name: f"{password}  ({roles[name]})" for name, password in passwords.items()}
