"""`manage.py label_studio push|pull|connect|name|people SLUG ...`: exchange with Label Studio.

push, pull    with the study's server; with --file a file of tasks is written, a JSON export is taken in
connect       --url URL; the token is read from standard input and kept sealed
name          --user NUMBER --person NAME: which member somebody there is
people        who annotated there, and who of them is named
"""

import sys
from getpass import getpass
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser

from annotation.label_studio.connection import connect_server
from annotation.label_studio.models import LabelStudioConnection, LabelStudioUser, TaskKind
from annotation.label_studio.people import known_user, name_user
from annotation.label_studio.pull import start_pull
from annotation.label_studio.push import start_push
from annotation.label_studio.task_files import take_file, write_task_file
from consilium.commands import ReportingCommand, named
from consilium.jobs.models import Job
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.refusals import Refused
from curation.management.acting_lead import add_by, lead_of, study_named

VERBS: Final = ("push", "pull", "connect", "name", "people")


class Command(ReportingCommand):
    help = "Exchange cases and traces with Label Studio, over its API or by file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("verb", choices=VERBS)
        parser.add_argument("slug")
        parser.add_argument("--kind", choices=TaskKind.values, default=TaskKind.COMPARE.value)
        parser.add_argument("--file", type=Path, help="push: write tasks to it; pull: take this JSON export.")
        parser.add_argument("--url", default="", help="connect: the server's address.")
        parser.add_argument("--user", type=int, help="name: the user's number there.")
        parser.add_argument("--person", default="", help="name: the member's user name; empty takes it back.")
        parser.add_argument("--by-file", action="store_true", help="name: a user of export files.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        by = lead_of(study, options["by"])
        return {"push": _push, "pull": _pull, "connect": _connect, "name": _name, "people": _people}[
            options["verb"]
        ](study, by, options)


def _push(study: Study, by: Person, options: dict[str, Any]) -> dict[str, Any]:
    if options["file"]:
        return write_task_file(study=study, kind=options["kind"], path=options["file"], by=by)
    return _told(run_until_over(start_push(study=study, kind=options["kind"], by=by)))


def _pull(study: Study, by: Person, options: dict[str, Any]) -> dict[str, Any]:
    if options["file"]:
        told = take_file(study=study, path=options["file"], by=by)
    else:
        told = _told(run_until_over(start_pull(study=study, by=by)))
    return told | ({"ok": False} if told.get("refused_count") else {})


def _told(job: Job) -> dict[str, Any]:
    if job.state != JobState.SUCCEEDED:
        raise Refused(job.error or f"The job is {job.state}.")
    return dict(job.result)


def _connect(study: Study, by: Person, options: dict[str, Any]) -> dict[str, Any]:
    if not options["url"]:
        raise Refused("connect needs --url; the token is read from standard input.")
    token = getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    kept = connect_server(study=study, base_url=options["url"], token=token, by=by)
    return {"url": kept.base_url, "token": f"…{kept.last_four}"}


def _name(study: Study, by: Person, options: dict[str, Any]) -> dict[str, Any]:
    if options["user"] is None or options["user"] <= 0:
        raise Refused("name needs --user, the user's number there.")
    person = named(Person.objects.all(), username=options["person"]) if options["person"] else None
    server = "" if options["by_file"] else _server(study)
    user = known_user(study=study, server=server, number=options["user"])
    name_user(user=user, person=person, by=by)
    return {"user": user.number, "person": options["person"]}


def _people(study: Study, by: Person, options: dict[str, Any]) -> dict[str, Any]:
    users = LabelStudioUser.objects.filter(study=study).select_related("person")
    told = [
        {"user": user.number, "email": user.email, "person": str(user.person or ""), "server": user.server}
        for user in users
    ]
    return {"people": told}


def _server(study: Study) -> str:
    kept = LabelStudioConnection.objects.filter(study=study).first()
    if kept is None:
        raise Refused("This study has no server; add --by-file for a user of export files.")
    return kept.base_url
