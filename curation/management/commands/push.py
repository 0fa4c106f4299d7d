"""`manage.py push DIGEST OWNER/NAME [--public] [--gated auto|manual] [--wait] [--by LEAD]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.hub import registry
from consilium.hub.models import Gate, Push
from consilium.hub.push import start_hub_push
from consilium.hub.registry import Content
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.management.acting_lead import add_by, lead_of

LEAST_DIGITS = 8


class Command(ReportingCommand):
    help = "Push a release, a model or an evaluation to the Hub, private unless a second lead confirms."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="8 digits or more, of a release, a model or an evaluation.")
        parser.add_argument("repository", help="OWNER/NAME; made when it does not exist.")
        parser.add_argument(
            "--public", action="store_true", help="Ask for a public one; a second lead confirms on the page."
        )
        gates = [gate for gate in Gate.values if gate]
        parser.add_argument("--gated", choices=gates, nargs="?", const=Gate.AUTO, default=Gate.NONE)
        parser.add_argument("--wait", action="store_true", help="Push here and now, and say what came of it.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        content = _content(options["digest"])
        push = start_hub_push(
            content=content,
            repo_id=options["repository"],
            by=lead_of(content.study, options["by"]),
            is_private=not options["public"],
            gated=options["gated"],
        )
        if options["wait"] and push.job is not None:
            _follow(push)
        return {
            "push": push.pk,
            "digest": push.digest,
            "repository": push.repo_id,
            "state": push.state,
            "commit": push.commit_sha,
            "tag": push.tag,
            "url": push.url,
            "repeat": push.is_repeat,
        }


def _content(digest: str) -> Content:
    if len(digest) < LEAST_DIGITS or not set(digest) <= set("0123456789abcdef"):
        raise Refused("A digest is 8 to 64 of the digits 0-9 and a-f.")
    found = [content for kind in registry.known() for content in kind.named(digest)]
    if not found:
        raise Refused("There is no release, no model and no evaluation with this digest.")
    if len(found) > 1:
        raise Refused("Several contents begin with these digits; give more of them.")
    return found[0]


def _follow(push: Push) -> None:
    assert push.job is not None
    job = run_until_over(push.job)
    push.refresh_from_db()
    if job.state != JobState.SUCCEEDED:
        raise Refused(job.error or f"The push was {job.state}.")
