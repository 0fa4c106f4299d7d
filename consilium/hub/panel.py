"""What the page of a content shows of the Hub: earlier pushes, the token's state, the form of a new one."""

import re
from typing import Any, Final

from django.conf import settings

from consilium.hub import registry
from consilium.hub.forms import PushForm
from consilium.hub.models import HubToken, Push
from consilium.hub.push import check_repository_name
from consilium.hub.refusals import HubRefused
from consilium.hub.registry import Content
from consilium.hub.tokens import token_in_force

SHOWN: Final = 10


def push_panel(content: Content) -> dict[str, Any]:
    """The context of hub/panel.html."""
    rows = Push.objects.filter(content_kind=content.kind, content_id=content.pk, digest=content.digest)
    related = ("job", "study", "created_by", "confirmed_by", "declined_by")
    state = token_state()
    return {
        "content": content,
        "title": f"{registry.find(content.kind).label} on the Hub",
        "dialog": f"push-{content.kind}",
        "pushes": list(rows.select_related(*related)[:SHOWN]),
        "form": PushForm(
            auto_id=f"push-{content.kind}-%s", initial={"repo_id": _suggested(content, state["row"])}
        ),
        **state,
    }


def token_state() -> dict[str, Any]:
    """What pages may know of the token: never itself."""
    known: dict[str, Any] = {"host": settings.HUB.host, "last_four": "", "is_given": False, "row": None}
    try:
        token = token_in_force()
    except HubRefused as refusal:
        return known | {"problem": str(refusal)}
    if token is None:
        return known | {"problem": ""}
    return known | {
        "last_four": token.last_four,
        "is_given": token.is_given,
        "row": token.row,
        "problem": "",
    }


def _suggested(content: Content, row: HubToken | None) -> str:
    """A name that nobody has to type, where the token's namespace is known."""
    owner = row.writes_to[0] if row and row.writes_to else "owner"
    plain = re.sub(r"[^a-z0-9]+", "-", f"{content.study.slug} {content.name}".lower()).strip("-")[:90]
    try:
        return check_repository_name(f"{owner}/{plain.strip('-')}")
    except HubRefused:
        return ""
