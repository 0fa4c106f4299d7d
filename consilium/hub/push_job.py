"""The job of a push: look, write the folder, one commit on an explicit parent, read it back, tag it.

It may stop after any step and run again: what is there already is found, on our record or by its content,
and nothing is committed twice. A commit is on record only once the Hub has shown its files.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from consilium.atomic_folder import remove_folder
from consilium.audit.anchors import anchor_after_commit
from consilium.audit.record import record
from consilium.hub import registry
from consilium.hub.files import (
    OF_THE_HUB,
    LocalFile,
    RemoteFile,
    differences,
    listing_sha256,
    read_folder_files,
)
from consilium.hub.models import Push
from consilium.hub.process import HubProcess
from consilium.hub.push import ALIVE, content_of, facts_of
from consilium.hub.refusals import HubRefused, RepositoryMoved
from consilium.hub.registry import Content
from consilium.hub.tokens import check_token_there, check_with
from consilium.jobs.handle import JobHandle
from consilium.people.permissions import check_lead

if TYPE_CHECKING:
    from django.db.models import QuerySet

FOLDER: Final = "hub"
MEGABYTE: Final = 1 << 20
_SCRATCH: Final = re.compile(r"\.?push-(?P<job>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(\..*)?")


def run_hub_push(handle: JobHandle) -> dict[str, Any]:
    """Push, and go on where an earlier try stopped. What it returns is the job's result."""
    push = Push.objects.select_related("study", "created_by", "confirmed_by").get(job=handle.job)
    content = content_of(push)
    _check_may_leave(push, content)
    token = check_token_there()
    handle.progress(0, 0, "Asking the Hub about the repository")
    with HubProcess(token.secret, handle.check) as hub:
        is_known = token.row is not None and token.row.checked_at is not None
        if not is_known and not check_with(hub, token).may_write:
            raise HubRefused("This site's token for the Hub may only read; nothing was sent.")
        run = _Run(handle, hub, push, content)
        _bring(run)
        _tag(run)
        _open_up(run)
    remove_folder(scratch_of(push))
    return {"commit": push.commit_sha, "tag": push.tag, "repeat": push.is_repeat}


def scratch_of(push: Push) -> Path:
    """Where this host writes the folder of a push: named by its job, whose number no other ever gets."""
    return Path(settings.CONSILIUM_HOME) / FOLDER / f"push-{push.job_id}"


def remove_left_scratch() -> None:
    """Delete folders of pushes that are over, or were never asked for, from this host's disk."""
    for path in (Path(settings.CONSILIUM_HOME) / FOLDER).glob("*push-*"):
        found = _SCRATCH.fullmatch(path.name)
        if found and not Push.objects.filter(job=UUID(found["job"]), job__state__in=ALIVE).exists():
            remove_folder(path)


@dataclass(frozen=True, slots=True)
class _Run:
    """One try at one push."""

    handle: JobHandle
    hub: HubProcess
    push: Push
    content: Content

    def ask(self, call: str, **fields: Any) -> dict[str, Any]:
        """A call about this repository."""
        push = self.push
        return self.hub.ask(call, repo_id=push.repo_id, repo_type=push.repo_type, **fields)

    def files_at(self, revision: str) -> list[RemoteFile] | None:
        """The repository's files at a commit; None where it has no such commit."""
        said = self.ask("tree", revision=revision)
        return [RemoteFile(**file) for file in said["files"]] if said["exists"] else None


def _check_may_leave(push: Push, content: Content) -> None:
    """At every try, and again before anything becomes visible: much may have changed since it was asked."""
    asked_by = push.created_by
    check_lead(asked_by, push.study)
    if push.confirmed_by is not None:
        check_lead(push.confirmed_by, push.study)
    registry.find(push.content_kind).check_may_leave(content, asked_by)


@dataclass(frozen=True, slots=True)
class _Finished:
    """The folder that leaves, and its files."""

    folder: Path
    files: list[LocalFile]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


# --- the files and their commit ---------------------------------------------------------------------


def _bring(run: _Run) -> None:
    """Have the repository hold the content, at a commit that is on record with this push."""
    push = run.push
    there = run.ask("repository")
    _check_repository(push, there)
    if _stands_on_record(run, there):
        return
    ours = _finish_folder(run)
    if not there["exists"]:
        there = run.ask("create")
        _check_repository(push, there)
    if not there["head"]:
        raise HubRefused(f"{push.repo_id} has no branch main, so there is nothing to build on.")
    tagged = there["tags"].get(push.tag, "")
    made, is_repeat = (tagged, True) if tagged else _commit(run, there["head"], ours)
    found = run.files_at(made)
    if found is None or (wrong := differences(ours.files, found)):
        which = wrong[0] if found is not None else "none at all"
        raise HubRefused(
            f"The Hub shows other files at {made[:12]} than this content has ({which}), so the push is not "
            f"on record. {_whose(push, bool(tagged))}"
        )
    _store_commit(run, made, listing_sha256(found), len(ours.files), ours.bytes, is_repeat=is_repeat)


def _whose(push: Push, is_tagged: bool) -> str:
    if is_tagged:
        return f"Nothing was sent: the tag {push.tag} was set by somebody else."
    return "Look at the repository before you push again."


def _check_repository(push: Push, there: dict[str, Any]) -> None:
    if not there["exists"]:
        return
    if there["name"].lower() != push.repo_id.lower():
        raise HubRefused(f"{push.repo_id} is called {there['name']} now; push to it by that name.")
    if push.is_private and not there["is_private"]:
        raise HubRefused(
            f"{push.repo_id} is public, and this push was to be private: nothing was sent. Choose another "
            "repository, or ask for a public push, which a second lead confirms."
        )


def _stands_on_record(run: _Run, there: dict[str, Any]) -> bool:
    """Whether an earlier push, or an earlier try, brought the same digest and the Hub still holds it."""
    push = run.push
    of_digest = _to_same_repository(push).filter(digest=push.digest)
    earlier = of_digest.exclude(commit_sha="").order_by("-created_at", "-pk").first()
    if not there["exists"] or earlier is None:
        return False
    if there["tags"].get(push.tag, earlier.commit_sha) != earlier.commit_sha:
        raise HubRefused(
            f"The tag {push.tag} of {push.repo_id} does not name the commit pushed before; nothing was sent."
        )
    found = run.files_at(earlier.commit_sha)
    if found is None:  # the repository was made anew
        return False
    if listing_sha256(found) != earlier.listing_sha256:
        raise HubRefused(f"The Hub shows other files at {earlier.commit_sha[:12]} than were pushed there.")
    if earlier.pk != push.pk:
        listing, files, size = earlier.listing_sha256, earlier.files, earlier.bytes
        _store_commit(run, earlier.commit_sha, listing, files, size, is_repeat=True)
    return True


def _finish_folder(run: _Run) -> _Finished:
    kind = registry.find(run.push.content_kind)
    run.handle.progress(0, 0, "Writing the files and looking at them")
    folder = kind.folder(run.content, scratch_of(run.push), run.handle)
    finished = _Finished(folder, read_folder_files(folder, kind.kinds))
    _check_may_leave(run.push, run.content)  # writing takes minutes
    return finished


def _commit(run: _Run, head: str, ours: _Finished) -> tuple[str, bool]:
    """(commit, whether it was there before this push). Raises RepositoryMoved, HubRefused."""
    push = run.push
    at_head = run.files_at(head) or []
    if not differences(ours.files, at_head):  # an earlier try may have ended between commit and record
        was_there = push.parent in ("", head)
        _keep_parent(run, head)
        return head, was_there
    if push.parent and push.parent != head:
        return _own_commit(run, ours), False
    _check_is_ours(push, at_head)
    _keep_parent(run, head)
    names = {file.path for file in ours.files}
    try:
        made = run.hub.ask(
            "commit",
            passed=lambda passed: _tell_bytes(run, passed, ours.bytes),
            repo_id=push.repo_id,
            repo_type=push.repo_type,
            folder=str(ours.folder),
            files=[(file.path, file.size) for file in ours.files],
            deleted=sorted({file.path for file in at_head} - names - OF_THE_HUB),
            parent=push.parent,
            title=_title(push),
        )
    except RepositoryMoved:  # by somebody else, or by this very call, whose answer was lost
        return _own_commit(run, ours), False
    return str(made["commit"]), False


def _own_commit(run: _Run, ours: _Finished) -> str:
    """The commit of an earlier try, on top of which others came; raises RepositoryMoved without one."""
    for found in run.ask("commits", title=_title(run.push))["commits"]:
        files = run.files_at(found)
        if files is not None and not differences(ours.files, files):
            return str(found)
    raise RepositoryMoved(run.push.repo_id)


def _check_is_ours(push: Push, at_head: list[RemoteFile]) -> None:
    """A push makes the repository equal to its folder, so it must hold nothing but what this study pushed."""
    foreign = [file.path for file in at_head if file.path not in OF_THE_HUB]
    if foreign and not _to_same_repository(push).filter(study=push.study).exclude(parent="").exists():
        raise HubRefused(
            f"{push.repo_id} holds files that this study did not push ({foreign[0]}), and a push would "
            "remove them: nothing was sent. Choose a name that is free."
        )


def _to_same_repository(push: Push) -> "QuerySet[Push]":
    return Push.objects.filter(endpoint=push.endpoint, repo_id__iexact=push.repo_id, repo_type=push.repo_type)


def _title(push: Push) -> str:
    """The commit's title; by it an earlier try is found again."""
    return f"{push.content_kind.capitalize()} {push.digest[:16]}, push {push.pk}"


def _tell_bytes(run: _Run, passed: int, total: int) -> None:
    passed = min(passed, total)
    note = f"{passed / MEGABYTE:,.1f} of {total / MEGABYTE:,.1f} MB sent"
    run.handle.progress(passed, total, note)


def _keep_parent(run: _Run, head: str) -> None:
    """From now on this push builds on this commit and on no other, at every try."""
    push = run.push
    if push.parent:
        return
    with transaction.atomic():
        run.handle.fence()
        Push.objects.filter(pk=push.pk, parent="").update(parent=head)
    push.refresh_from_db(fields=["parent"])


def _store_commit(run: _Run, commit: str, listing: str, files: int, size: int, *, is_repeat: bool) -> None:
    """Put on record what the Hub has shown."""
    push = run.push
    with transaction.atomic():
        run.handle.fence()
        Push.objects.filter(pk=push.pk).update(
            commit_sha=commit, listing_sha256=listing, files=files, bytes=size, is_repeat=is_repeat
        )
        data = {**facts_of(push), "commit": commit, "tag": push.tag, "repeat": is_repeat, "bytes": size}
        record(action="push.committed", obj=push, by=push.created_by, study=push.study, data=data)
        anchor_after_commit(push.study, cause="push")
    push.refresh_from_db(fields=["commit_sha", "listing_sha256", "files", "bytes", "is_repeat"])


# --- what follows the commit ------------------------------------------------------------------------


def _tag(run: _Run) -> None:
    push = run.push
    run.handle.progress(push.bytes, push.bytes or 1, "Setting the tag")
    said = run.ask("tag", name=push.tag, revision=push.commit_sha)
    if said["commit"] != push.commit_sha:
        raise HubRefused(
            f"The tag {push.tag} of {push.repo_id} names another commit. The files are there; the tag is not "
            "ours. Look there who set it."
        )


def _open_up(run: _Run) -> None:
    """Set the gate, and only then make it public, where a second lead confirmed that."""
    push = run.push
    there = run.ask("repository")
    if push.gated and there["gated"] != push.gated:
        there = run.ask("change", gated=push.gated)
        if there["gated"] != push.gated:
            raise HubRefused(f"The Hub did not set the gate of {push.repo_id}; it is as open as before.")
    if push.is_private or push.confirmed_by is None:
        return
    if there["is_private"]:
        _check_may_leave(push, run.content)
        there = run.ask("change", private=False)
    if there["is_private"]:
        raise HubRefused(f"The Hub did not make {push.repo_id} public; it is private.")
    with transaction.atomic():
        run.handle.fence()
        data = {**facts_of(push), "commit": push.commit_sha, "asked_by": push.created_by_id}
        record(action="push.published", obj=push, by=push.confirmed_by, study=push.study, data=data)
        anchor_after_commit(push.study, cause="push")
