"""A push brings exactly the folder, once, on an explicit parent; on record once the Hub has shown it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from consilium.audit.models import AnchoredEnd, AuditEvent
from consilium.hub.models import Push
from consilium.hub.push import confirm_push, decline_push, start_hub_push
from consilium.hub.push_job import remove_left_scratch, scratch_of
from consilium.hub.refusals import HubRefused
from consilium.hub.registry import Content
from consilium.jobs.cancel import cancel
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.models import Release
from curation.releases.export import write_export
from curation.releases.publish import content_of_release
from tests.factories.cast import Cast
from tests.hub.conftest import make_release, run
from tests.hub.loopback_hub import Asked, Fault, LoopbackHub

pytestmark = pytest.mark.django_db
REPOSITORY = "clinic/chest-traces"
SENDING = {"preupload", "objects/batch", "storage", "commit", "tag", "settings", "repos/create"}


def ask(content: Content, cast: Cast, **chosen: Any) -> Push:
    return start_hub_push(content=content, repo_id=REPOSITORY, by=cast.lena, **chosen)


def events(push: Push) -> list[str]:
    of_push = AuditEvent.objects.filter(object_type="hub.push", object_id=str(push.pk))
    return list(of_push.order_by("sequence").values_list("action", flat=True))


def test_a_push_is_one_private_commit_that_equals_the_export(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, release: Release, tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    push = ask(content, cast)
    with django_capture_on_commit_callbacks(execute=True):
        job = run(push)
    assert (job.state, job.error) == ("succeeded", "")
    there = hub.repository(REPOSITORY)
    assert (there.private, len(there.commits)) == (True, 2)
    folder = write_export(release, tmp_path / "same")
    expected = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    found = {path: hub.content(stored) for path, stored in there.head.tree.items()}
    del found[".gitattributes"]
    assert found == expected
    assert there.tags == {f"release-{release.digest[:12]}": there.head.sha}
    size = sum(map(len, expected.values()))
    assert (push.commit_sha, push.parent) == (there.head.sha, there.commits[0].sha)
    assert (push.files, push.bytes, push.is_repeat) == (len(expected), size, False)
    assert (job.progress_done, job.progress_total) == (size, size)
    assert events(push) == ["push.asked", "push.committed"]
    event = AuditEvent.objects.get(action="push.committed")
    assert (event.data["digest"], event.data["commit"]) == (release.digest, there.head.sha)
    assert AnchoredEnd.objects.get(chain="study:chest").sequence >= event.sequence
    assert not scratch_of(push).exists()


def test_the_same_digest_again_makes_no_commit_and_writes_no_folder(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(content, cast)
    run(first)
    hub.asked.clear()
    monkeypatch.setattr("curation.releases.publish.write_export", None)
    again = ask(content, cast)
    assert run(again).state == "succeeded"
    assert (again.is_repeat, again.commit_sha) == (True, first.commit_sha)
    assert not {"preupload", "storage", "commit"} & set(hub.acts())
    assert len(hub.repository(REPOSITORY).commits) == 2


def test_a_record_that_the_hub_contradicts_is_refused(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    first = ask(content, cast)
    run(first)
    there = hub.repository(REPOSITORY)
    there.head.tree["rows.jsonl"] = hub.keep(b"{}\n", large=False)
    again = ask(content, cast)
    assert "shows other files" in run(again).error
    there.tags = dict.fromkeys(there.tags, there.commits[0].sha)
    assert "does not name the commit" in run(ask(content, cast)).error
    # Deleted and made anew, it holds nothing of ours: then it is pushed again.
    del hub.repositories["dataset", REPOSITORY]
    assert run(ask(content, cast)).state == "succeeded"
    assert len(hub.repository(REPOSITORY).commits) == 2


def test_a_tag_that_somebody_else_set_stops_the_push_before_anything_is_sent(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, release: Release
) -> None:
    there = hub.make(REPOSITORY)
    there.tags[f"release-{release.digest[:12]}"] = there.head.sha
    push = ask(content, cast)
    assert "set by somebody else" in run(push).error
    assert (push.commit_sha, SENDING & set(hub.acts())) == ("", set())


def test_what_a_new_content_does_not_have_is_removed_in_the_same_commit(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    run(ask(content_of_release(make_release(cast, "Second", rows=2, start=50)), cast))
    there = hub.repository(REPOSITORY)
    hub.add(there, "Notes", {"notes/old.md": b"what an earlier release said"})
    other = ask(content, cast)
    assert run(other).state == "succeeded"
    assert not [path for path in there.head.tree if path.startswith("notes/")]
    assert ".gitattributes" in there.head.tree
    assert (len(there.commits), len(there.tags)) == (4, 2)
    assert other.parent == there.commits[2].sha


def test_a_private_push_to_a_public_repository_is_refused(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    hub.make(REPOSITORY, private=False)
    push = ask(content, cast)
    job = run(push)
    assert (job.state, "is public" in job.error) == ("failed", True)
    assert (SENDING & set(hub.acts()), push.commit_sha) == (set(), "")


def test_a_repository_that_the_hub_makes_public_by_itself_gets_nothing(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    made = hub.make
    hub.make = lambda name, kind="dataset", *, private=True: made(name, kind, private=False)  # type: ignore[method-assign]
    assert "is public" in run(ask(content, cast)).error
    assert "preupload" not in hub.acts()


def test_files_of_others_are_never_removed(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    there = hub.make(REPOSITORY)
    hub.add(there, "My data", {"data.csv": b"a,b\n"})
    assert "did not push (data.csv)" in run(ask(content, cast)).error
    assert not SENDING & set(hub.acts())


def test_a_repository_belongs_to_the_study_that_pushed_there(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    run(ask(content, cast))
    other = Release.objects.get(pk=content.pk)
    foreign = Content("release", other.pk, cast.other_study, "X", content.digest, "/")
    with pytest.raises(NotAllowed):
        start_hub_push(content=foreign, repo_id=REPOSITORY, by=cast.lena)
    with pytest.raises(Refused, match="another study"):
        start_hub_push(content=foreign, repo_id=REPOSITORY.upper(), by=cast.nora)


def test_a_public_push_waits_for_a_second_lead_and_is_gated_before_it_is_seen(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    push = ask(content, cast, is_private=False, gated="manual")
    assert (push.job, push.state) == (None, "waiting")
    with pytest.raises(HubRefused, match="another lead"):
        confirm_push(push=push, by=cast.lena)
    with pytest.raises(NotAllowed):
        confirm_push(push=push, by=cast.rosa)
    assert hub.asked == []
    confirm_push(push=push, by=cast.max)
    assert run(push).state == "succeeded"
    there = hub.repository(REPOSITORY)
    assert (there.private, there.gated) == (False, "manual")
    assert [act for act in hub.acts() if act in ("commit", "tag", "settings")] == [
        "commit", "tag", "settings", "settings",
    ]  # fmt: skip
    assert events(push) == ["push.asked", "push.confirmed", "push.committed", "push.published"]
    assert AuditEvent.objects.get(action="push.published").actor == cast.max
    with pytest.raises(HubRefused, match="any more"):
        decline_push(push=push, by=cast.max)


def test_a_declined_push_never_runs(cast: Cast, hub: LoopbackHub, token: str, content: Content) -> None:
    push = ask(content, cast, is_private=False)
    decline_push(push=push, by=cast.max)
    assert (push.state, push.job) == ("declined", None)
    with pytest.raises(HubRefused, match="any more"):
        confirm_push(push=push, by=cast.max)
    assert hub.asked == []


def test_a_lead_who_confirmed_and_left_is_no_second_lead(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    push = confirm_push(push=ask(content, cast, is_private=False), by=cast.max)
    cast.lena.memberships.update(is_active=False)
    assert run(push).state == "failed"
    assert hub.asked == []


def test_a_withdrawn_release_never_leaves(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, release: Release
) -> None:
    push = ask(content, cast)
    Release.objects.filter(pk=release.pk).update(state="withdrawn", withdrawn_reason="Wrong images.")
    job = run(push)
    assert (job.state, "withdrawn" in job.error, hub.asked) == ("failed", True, [])
    with pytest.raises(Refused, match="withdrawn"):
        ask(content, cast)


def test_a_release_that_is_withdrawn_while_its_folder_is_written_is_not_sent(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(release: Release, target: Path, **_: Any) -> Path:
        write_export(release, target)
        Release.objects.filter(pk=release.pk).update(state="withdrawn", withdrawn_reason="Wrong images.")
        return target

    monkeypatch.setattr("curation.releases.publish.write_export", write)
    assert "withdrawn" in run(ask(content, cast)).error
    assert not SENDING & set(hub.acts())


def test_without_a_token_or_with_one_that_only_reads_nothing_starts(
    cast: Cast, hub: LoopbackHub, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(HubRefused, match="no token"):
        ask(content, cast)
    monkeypatch.setenv("HF_TOKEN", hub_token())
    hub.role = "read"
    assert "only read" in run(ask(content, cast)).error
    assert hub.acts() == ["whoami"]
    with pytest.raises(HubRefused, match="may only read"):
        ask(content, cast)


def hub_token() -> str:
    from tests.hub.loopback_hub import TOKEN

    return TOKEN


@pytest.mark.parametrize(
    "name", ["chest", "a/b/c", "../x", "clinic/..", "clinic/a--b", "clinic/x.git", "clinic/a b", "clinic/"]
)
def test_odd_names_are_refused(cast: Cast, token: str, content: Content, name: str) -> None:
    with pytest.raises(HubRefused, match="OWNER/NAME"):
        start_hub_push(content=content, repo_id=name, by=cast.lena)


def test_two_pushes_to_one_repository_do_not_run_at_once(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    push = ask(content, cast)
    with pytest.raises(HubRefused, match="under way"):
        ask(content, cast)
    assert push.job is not None
    cancel(job=push.job, by=cast.lena)
    ask(content, cast)


def test_a_push_that_is_stopped_ends_at_once_and_commits_nothing(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    push = ask(content, cast)

    def stop(asked: Asked) -> Fault | None:
        return Fault(hangs=30) if asked.act == "storage" else None

    from consilium.jobs.handle import Cancelled, JobHandle

    def told(handle: JobHandle) -> None:
        if "storage" in hub.acts():
            raise Cancelled

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(JobHandle, "check", told)
        hub.faults = stop
        job = run(push)
    assert (job.state, "commit" in hub.acts(), push.commit_sha) == ("cancelled", False, "")


def test_the_database_keeps_what_was_asked_and_brought(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    push = ask(content, cast)
    run(push)
    table = connection.ops.quote_name("hub_push")
    for change in (
        "commit_sha = 'a'",
        "digest = 'b'",
        "repo_id = 'c'",
        "parent = 'd'",
        "is_private = NOT is_private",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {change}")
    with pytest.raises(IntegrityError), transaction.atomic():
        Push.objects.filter(pk=push.pk).delete()


def test_folders_of_pushes_that_are_over_are_swept(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    there = hub.make(REPOSITORY)
    there.tags[f"release-{content.digest[:12]}"] = there.head.sha
    failed = ask(content, cast)
    run(failed)
    waiting = start_hub_push(content=content, repo_id="clinic/other", by=cast.lena)
    scratch_of(waiting).mkdir()
    assert scratch_of(failed).exists()
    remove_left_scratch()
    assert (scratch_of(failed).exists(), scratch_of(waiting).exists()) == (False, True)
