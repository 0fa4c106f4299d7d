"""Where a study's Label Studio server is, and its token: sealed in the database, its last four for people."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotation.label_studio.models import LabelStudioConnection
from consilium.audit.record import record
from consilium.inference.addresses import check_address, is_this_machine
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.seals import SealBroken, seal, unseal
from curation.keys import study_key

HOSTS: Final = "CONSILIUM_LABEL_STUDIO_HOSTS"
LONGEST_TOKEN: Final = 2000


class ConnectionRefused(Refused):
    """A connection that cannot be kept or used; the text is for people."""


class NoConnection(ConnectionRefused):
    """The study has no server, or no token for it."""

    def __init__(self) -> None:
        super().__init__("This study has no Label Studio server: enter its address and a token first.")


@transaction.atomic
def connect_server(*, study: Study, base_url: str, token: str, by: Person) -> LabelStudioConnection:
    """Keep the study's server and token in place of those before.

    The token is entered with every address: nobody can have a kept one sent elsewhere.
    Raises NotAllowed, EndpointRefused, ConnectionRefused.
    """
    check_lead(by, study)
    address = check_server(base_url.strip())
    token = token.strip()
    if not 8 <= len(token) <= LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ConnectionRefused("That is no access token; copy it whole from Account & Settings there.")
    values = {
        "base_url": address,
        "sealed_token": seal(token, _key(study)),
        "last_four": token[-4:],
        "set_by": by,
        "set_at": timezone.now(),
    }
    kept, _ = LabelStudioConnection.objects.update_or_create(study=study, defaults=values)
    data = {"where": urlsplit(address).netloc, "last_four": kept.last_four}
    record(action="label_studio.connected", obj=kept, by=by, study=study, data=data)
    return kept


@transaction.atomic
def forget_token(*, study: Study, by: Person) -> LabelStudioConnection:
    """Forget the token; what lies on the server stays there. Raises NotAllowed, NoConnection."""
    check_lead(by, study)
    kept = connection_of(study)
    LabelStudioConnection.objects.filter(pk=kept.pk).update(sealed_token="", last_four="")
    record(action="label_studio.token_removed", obj=kept, by=by, study=study)
    return kept


def connection_of(study: Study) -> LabelStudioConnection:
    """The study's server with a token. Raises NoConnection."""
    kept = LabelStudioConnection.objects.filter(study=study).exclude(sealed_token="").first()
    if kept is None:
        raise NoConnection
    return kept


def token_for(kept: LabelStudioConnection) -> str:
    """The token, to be sent to the connection's own address. Raises ConnectionRefused, EndpointRefused."""
    check_server(kept.base_url)
    try:
        return unseal(kept.sealed_token, _key(kept.study))
    except SealBroken:
        raise ConnectionRefused(
            "The token was kept under another identity key and cannot be read. Enter it again."
        ) from None


def check_server(base_url: str) -> str:
    """The address, when the operator listed it and a token can travel there unread.

    Raises EndpointRefused, ConnectionRefused.
    """
    address = check_address(
        base_url, settings.LABEL_STUDIO_HOSTS, listed_in=HOSTS, like="https://host or https://host:port"
    )
    if not (address.startswith("https:") or is_this_machine(address)):
        raise ConnectionRefused(
            "The address is neither https nor on this machine: anybody on the way could read the token and"
            " the images. Use an https address."
        )
    return address


def _key(study: Study) -> bytes:
    return study_key(study, "label studio token")
