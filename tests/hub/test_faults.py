"""The Hub is busy, cut off, silent or contradicts itself: a push is exactly one whole commit, or none."""

import time
from collections import Counter
from typing import Any

import pytest

from consilium.hub.models import Push
from consilium.hub.push import start_hub_push
from consilium.hub.registry import Content
from consilium.jobs.models import Job
from tests.factories.cast import Cast
from tests.hub.conftest import once, run
from tests.hub.loopback_hub import TOKEN, Asked, Fault, LoopbackHub

pytestmark = pytest.mark.django_db
REPOSITORY = "clinic/chest-traces"
ACTS = (
    "whoami", "info", "repos/create", "refs", "tree", "preupload", "objects/batch", "storage", "verify",
    "commit", "tag",
)  # fmt: skip


@pytest.fixture
def push(cast: Cast, hub: LoopbackHub, token: str, content: Content) -> Push:
    return start_hub_push(content=content, repo_id=REPOSITORY, by=cast.lena)


def is_whole(hub: LoopbackHub, push: Push) -> bool:
    """One commit of ours on the first one, tagged, and on record."""
    there = hub.repository(REPOSITORY)
    shas = [commit.sha for commit in there.commits]
    return len(shas) == 2 and list(there.tags.values()) == [shas[1]] and push.commit_sha == shas[1]


@pytest.mark.parametrize("act", ACTS)
def test_one_error_at_any_request_is_tried_again(hub: LoopbackHub, push: Push, act: str) -> None:
    hub.faults = once(act, Fault(status=503))
    job = run(push)
    assert (job.state, job.error) == ("succeeded", "")
    assert is_whole(hub, push)


@pytest.mark.parametrize("act", ["info", "commit", "storage", "tag", "repos/create"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_that_breaks_loses_and_doubles_nothing(
    hub: LoopbackHub, push: Push, act: str, after: bool
) -> None:
    hub.faults = once(act, Fault(is_cut=True, after=after))
    assert run(push).state == "succeeded"
    assert is_whole(hub, push)


def test_an_error_after_the_commit_was_made_makes_no_second_one(hub: LoopbackHub, push: Push) -> None:
    hub.faults = once("commit", Fault(status=500, after=True))
    assert run(push).state == "succeeded"
    assert is_whole(hub, push)
    assert Counter(hub.acts())["commit"] == 1


def test_too_many_requests_are_repeated_when_the_hub_says(hub: LoopbackHub, push: Push) -> None:
    asked_at = list[float]()

    def busy(asked: Asked) -> Fault | None:
        if asked.act == "tag":
            asked_at.append(time.monotonic())
            return Fault(status=429, retry_after="1") if len(asked_at) == 1 else None
        return None

    hub.faults = busy
    assert run(push).state == "succeeded"
    assert asked_at[1] - asked_at[0] >= 1
    assert is_whole(hub, push)


def test_a_long_wait_is_spent_in_the_queue_and_said(hub: LoopbackHub, push: Push) -> None:
    hub.faults = once("tag", Fault(status=429, retry_after="600"))
    job = run(push)
    assert (job.state, "HTTP 429" in job.postponed_because, job.attempt) == ("queued", True, 0)
    assert job.not_before is not None
    Job.objects.filter(pk=job.pk).update(not_before=None)
    hub.asked.clear()
    assert run(push).state == "succeeded"
    assert is_whole(hub, push)
    assert not {"preupload", "storage", "commit"} & set(hub.acts())


def test_a_silent_hub_puts_the_push_off(hub: LoopbackHub, push: Push, short_patience: None) -> None:
    hub.faults = lambda asked: Fault(hangs=20) if asked.act == "repos/create" else None
    job = run(push)
    assert (job.state, "does not answer (ReadTimeout)" in job.postponed_because) == ("queued", True)
    assert hub.repositories == {}


def test_a_cut_between_upload_and_commit_uploads_nothing_again(hub: LoopbackHub, push: Push) -> None:
    hub.faults = lambda asked: Fault(is_cut=True) if asked.act == "commit" else None
    job = run(push)
    assert (job.state, push.commit_sha) == ("queued", "")
    assert len(hub.repository(REPOSITORY).commits) == 1
    Job.objects.filter(pk=job.pk).update(not_before=None)
    hub.faults = lambda asked: None
    hub.asked.clear()
    assert run(push).state == "succeeded"
    assert is_whole(hub, push)
    assert "storage" not in hub.acts()


def test_a_moved_parent_is_refused_and_a_new_push_goes_on_top(
    cast: Cast, hub: LoopbackHub, push: Push, content: Content
) -> None:
    def meddle(asked: Asked) -> None:
        there = hub.repositories.get(("dataset", REPOSITORY))
        if asked.act == "commit" and there is not None and len(there.commits) == 1:
            hub.add(there, "A word", {"notes.md": b"hello"})

    hub.faults = meddle
    job = run(push)
    assert (job.state, "has changed since" in job.error) == ("failed", True)
    there = hub.repository(REPOSITORY)
    assert ([one.title for one in there.commits], push.commit_sha, there.tags) == (
        ["initial commit", "A word"], "", {},
    )  # fmt: skip
    again = start_hub_push(content=content, repo_id=REPOSITORY, by=cast.lena)
    assert run(again).state == "succeeded"
    assert again.parent == there.commits[1].sha
    assert (len(there.commits), "notes.md" in there.head.tree) == (3, False)


def test_a_commit_on_which_others_built_meanwhile_is_still_found(hub: LoopbackHub, push: Push) -> None:
    def meddle(asked: Asked) -> Fault | None:
        there = hub.repositories.get(("dataset", REPOSITORY))
        if asked.act == "refs" and there is not None and there.head.title.startswith("Release"):
            hub.add(there, "A word", {"notes.md": b"hello"})
        return Fault(is_cut=True, after=True) if asked.act == "commit" else None

    hub.faults = meddle
    assert run(push).state == "succeeded"
    there = hub.repository(REPOSITORY)
    assert push.commit_sha == there.commits[1].sha == next(iter(there.tags.values()))
    assert len(there.commits) == 3


def test_a_tag_that_cannot_be_set_leaves_the_commit_on_record_and_is_set_later(
    cast: Cast, hub: LoopbackHub, push: Push, content: Content
) -> None:
    hub.faults = lambda asked: Fault(status=400) if asked.act == "tag" else None
    job = run(push)
    assert (job.state, "HTTP 400" in job.error) == ("failed", True)
    assert push.commit_sha == hub.repository(REPOSITORY).head.sha
    hub.faults = lambda asked: None
    again = start_hub_push(content=content, repo_id=REPOSITORY, by=cast.lena)
    assert run(again).state == "succeeded"
    assert again.is_repeat
    assert is_whole(hub, again)


def test_a_hub_that_stores_other_bytes_is_found_out(hub: LoopbackHub, push: Push) -> None:
    def swap(asked: Asked) -> None:
        there = hub.repositories.get(("dataset", REPOSITORY))
        if asked.act == "tree" and there is not None and len(there.commits) == 2:
            there.head.tree["README.md"] = hub.keep(b"---\n", large=False)

    hub.faults = swap
    job = run(push)
    assert (job.state, "shows other files" in job.error, push.commit_sha) == ("failed", True, "")


@pytest.mark.parametrize(
    ("status", "words"), [(401, "does not know the token"), (403, "scope"), (422, "HTTP 422")]
)
def test_what_the_hub_refuses_is_said_in_words(hub: LoopbackHub, push: Push, status: int, words: str) -> None:
    hub.faults = lambda asked: Fault(status=status) if asked.act == "preupload" else None
    job = run(push)
    assert (job.state, words in job.error) == ("failed", True), job.error
    assert TOKEN not in job.error + job.error_detail


def test_an_answer_that_is_no_json_is_said_in_words(hub: LoopbackHub, push: Push) -> None:
    hub.faults = lambda asked: Fault(status=200, headers=(("Content-Type", "text/html"),))
    assert "cannot be understood" in run(push).error


def test_large_files_go_to_a_listed_storage_host_without_the_token(
    hub: LoopbackHub, push: Push, settings: Any
) -> None:
    with LoopbackHub() as storage:
        hub.storage_url, storage.blobs = storage.url, hub.blobs
        settings.HUB = hub.address
        assert run(push).state == "succeeded"
    assert is_whole(hub, push)
    assert {asked.token for asked in storage.asked} == {""}
    assert storage.acts().count("storage") >= 2


def test_a_host_that_is_not_listed_gets_nothing(hub: LoopbackHub, push: Push) -> None:
    with LoopbackHub() as elsewhere:
        hub.storage_url = elsewhere.url
        assert "does not speak to" in run(push).error
    assert elsewhere.asked == []
    assert len(hub.repository(REPOSITORY).commits) == 1


def test_the_token_follows_no_redirect(hub: LoopbackHub, push: Push) -> None:
    with LoopbackHub() as elsewhere:
        hub.faults = lambda asked: Fault(status=307, headers=(("Location", elsewhere.url + asked.path),))
        assert "does not speak to" in run(push).error
    assert elsewhere.asked == []
