"""Asks for a push, and lets a second lead confirm or decline one that the world will see."""

import re
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from consilium.audit.record import record
from consilium.disk_space import check_disk_space
from consilium.hub import registry
from consilium.hub.models import Gate, Push
from consilium.hub.refusals import HubRefused
from consilium.hub.registry import Content
from consilium.hub.tokens import check_token_there
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.people.permissions import check_lead

KIND: Final = "hub.push"
ALIVE: Final = (JobState.QUEUED, JobState.RUNNING)
SHORT: Final = 12
_PART: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_REPOSITORY: Final = re.compile(rf"{_PART}/{_PART}")


def check_repository_name(repo_id: str) -> str:
    """The name, when it is OWNER/NAME as the Hub takes it. Raises HubRefused."""
    if not _REPOSITORY.fullmatch(repo_id) or "--" in repo_id or ".." in repo_id or repo_id.endswith(".git"):
        raise HubRefused(
            "A repository is named OWNER/NAME: letters, digits and . _ - inside, such as clinic/chest-traces."
        )
    return repo_id


def content_of(push: Push) -> Content:
    """What is pushed. Raises HubRefused when it is gone or no longer what it was."""
    content = registry.find(push.content_kind).find(push.content_id)
    if content is None or content.digest != push.digest:
        raise HubRefused(f"{push.name} is no longer what was to be pushed; nothing was sent.")
    return content


def start_hub_push(
    *, content: Content, repo_id: str, by: Person, is_private: bool = True, gated: str = ""
) -> Push:
    """Queue a push; a public one waits for a second lead instead. So two people push what one of them made.

    Raises NotAllowed, HubRefused, DiskShort and what the content refuses with.
    """
    check_lead(by, content.study)
    check_repository_name(repo_id)
    if gated not in Gate.values:
        raise HubRefused("A gate is auto, manual or none.")
    if is_private and by.pk == content.made_by:
        raise HubRefused(
            "You made this yourself: another lead has to push it, or to confirm a public push of yours."
        )
    check_disk_space()
    check_token_there()
    kind = registry.find(content.kind)
    kind.check_may_leave(content, by)
    _check_repository_is_free(content, repo_id, kind.repo_type)
    with transaction.atomic():
        job = enqueue(kind=KIND, by=by, study=content.study, params={}) if is_private else None
        push = Push.objects.create(
            study=content.study,
            job=job,
            content_kind=content.kind,
            content_id=content.pk,
            name=content.name[:200],
            digest=content.digest,
            endpoint=settings.HUB.endpoint,
            repo_id=repo_id,
            repo_type=kind.repo_type,
            is_private=is_private,
            gated=gated,
            tag=f"{content.kind}-{content.digest[:SHORT]}",
            created_by=by,
        )
        record(
            action="push.asked",
            obj=push,
            by=by,
            study=push.study,
            data={**facts_of(push), "private": is_private, "gated": gated},
        )
    return push


def confirm_push(*, push: Push, by: Person) -> Push:
    """A second lead lets a public push go. Raises NotAllowed, HubRefused."""
    check_lead(by, push.study)
    if by.pk == push.created_by_id:
        raise HubRefused("You asked for this yourself; another lead has to confirm that it becomes public.")
    registry.find(push.content_kind).check_may_leave(content_of(push), by)
    with transaction.atomic():
        job = enqueue(kind=KIND, by=by, study=push.study, params={})
        waiting = Push.objects.filter(pk=push.pk, is_private=False, job=None, declined_at=None)
        if not waiting.update(job=job, confirmed_by=by, confirmed_at=Now()):
            raise HubRefused("This push does not wait for a second lead any more.")
        record(action="push.confirmed", obj=push, by=by, study=push.study, data=facts_of(push))
    push.refresh_from_db()
    return push


def decline_push(*, push: Push, by: Person) -> Push:
    """A lead takes a public push back before anybody confirmed it. Raises NotAllowed, HubRefused."""
    check_lead(by, push.study)
    with transaction.atomic():
        waiting = Push.objects.filter(pk=push.pk, job=None, declined_at=None)
        if not waiting.update(declined_by=by, declined_at=Now()):
            raise HubRefused("This push does not wait for a second lead any more.")
        record(action="push.declined", obj=push, by=by, study=push.study, data=facts_of(push))
    push.refresh_from_db()
    return push


def facts_of(push: Push) -> dict[str, Any]:
    """What the record says of every step of a push."""
    return {"digest": push.digest, "repository": push.repo_id, "type": push.repo_type, "at": push.endpoint}


def _check_repository_is_free(content: Content, repo_id: str, repo_type: str) -> None:
    there = Push.objects.filter(endpoint=settings.HUB.endpoint, repo_id__iexact=repo_id, repo_type=repo_type)
    if there.exclude(study=content.study).exclude(parent="").exists():
        raise HubRefused(f"{repo_id} holds what another study of this site pushed; choose another name.")
    if there.filter(job__state__in=ALIVE).exists():
        raise HubRefused(f"A push to {repo_id} is under way; wait until it is over, or stop it.")
