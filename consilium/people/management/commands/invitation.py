"""`manage.py invitation list SLUG` and `manage.py invitation revoke SLUG NUMBER`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.people.invitations import revoke, unused_invitations
from consilium.people.models import Invitation, Study
from consilium.refusals import Refused


class Command(ReportingCommand):
    help = "List the invitations of a study that nobody has used, or take one back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["list", "revoke"])
        parser.add_argument("slug")
        parser.add_argument("number", type=int, nargs="?", help="The invitation, as `list` numbers it.")

    def perform(self, **options: Any) -> dict[str, Any]:
        study = named(Study.objects.all(), slug=options["slug"])
        if options["action"] == "list":
            return {"invitations": [_row(one) for one in unused_invitations(study)]}
        invitation = unused_invitations(study).filter(pk=options["number"] or 0).first()
        if invitation is None:
            raise Refused("This study has no such open invitation: `manage.py invitation list` numbers them.")
        revoke(invitation=invitation, by=None)
        return {"revoked": invitation.pk, "for": invitation.display_name}


def _row(invitation: Invitation) -> dict[str, Any]:
    return {
        "number": invitation.pk,
        "for": invitation.display_name,
        "role": invitation.role,
        "made": invitation.created_at.isoformat(timespec="minutes"),
        "made_by": invitation.created_by.username,
        "until": invitation.expires_at.isoformat(timespec="minutes"),
        "open": invitation.is_open,
    }
