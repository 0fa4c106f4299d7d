"""Template tags of the work screens."""

import json
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from consilium.prepared import Prepared
from consilium.workqueue.drafts import stored_draft
from consilium.workqueue.models import Claim, Submission
from consilium.workqueue.places import assets_version, screen_of

register = template.Library()


@register.simple_tag(takes_context=True)
def work_attributes(context: Context, claim: Claim) -> SafeString:
    """The data attributes that tell work.js whose form this is, what is stored and where to send it."""
    draft = None if claim.is_new else stored_draft(claim)
    newest = None if claim.is_new else _NEWEST.first(item=claim.item_id, person=claim.person_id)
    return _attributes(
        {
            "work": "",
            "token": str(claim.token),
            "person": str(claim.person_id),
            "state": claim.state,
            "calls": reverse("work:submit", kwargs={"token": claim.token}).removesuffix("submit/"),
            "session": reverse("work:session"),
            "login": reverse("account_login"),
            "version": assets_version(),
            "queue": reverse("work:queue", kwargs={"study": claim.study.slug}),
            "csrf": str(context.get("csrf_token", "")),
            "base-version": newest.version if newest else 0,
            "submitted": json.dumps(newest.content) if newest else "",
            "draft-version": draft.version if draft else 0,
            "draft": json.dumps(draft.content) if draft else "",
            "draft-at": draft.updated_at.isoformat() if draft else "",
            "active": claim.active_seconds,
        }
    )


_NEWEST = Prepared(
    lambda item, person: Submission.objects.filter(item=item, person=person).order_by("-version")[:1],
    item=int,
    person=int,
)


@register.simple_tag(takes_context=True)
def outbox_attributes(context: Context) -> SafeString:
    """The data attributes with which a page without a form sends what still waits in this browser."""
    request = context["request"]
    return _attributes(
        {
            "work-outbox": "",
            "person": str(request.user.pk),
            "session": reverse("work:session"),
            "login": reverse("account_login"),
            "csrf": str(context.get("csrf_token", "")),
        }
    )


@register.simple_tag
def screen(claim: Claim) -> str:
    """Address of the screen of a claim."""
    return screen_of(claim)


def _attributes(values: dict[str, Any]) -> SafeString:
    return format_html_join(" ", 'data-{}="{}"', values.items())
