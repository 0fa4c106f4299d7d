"""A dataset of the Hub is fetched at one commit and imported like a folder; nothing of it is run."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.hub.process import HubProcess
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.imports.from_hub import start_hub_import
from curation.imports.uploads import upload_folder
from curation.models import Import, Question, Source
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.factories.world import waiting_push
from tests.hub.conftest import make_release, once
from tests.hub.loopback_hub import TOKEN, Asked, Fault, LoopbackHub

pytestmark = pytest.mark.django_db
DATASET = "clinic/teaching"


@pytest.fixture
def hub(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with LoopbackHub() as server:
        settings.HUB = server.address
        yield server


@pytest.fixture
def source(cast: Cast) -> Source:
    return making.source(cast.study)


@pytest.fixture
def commit(hub: LoopbackHub) -> str:
    """A dataset with two questions, their pictures in a folder, and what is not fetched."""
    lines = [
        {"id": f"Q{n}", "question": "What is shown?", "options": {"A": "Red", "B": "Blue"}, "answer": "A",
         "images": [f"images/p{n}.png"]}
        for n in range(2)
    ]  # fmt: skip
    files = {
        "data/questions.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode(),
        **{f"data/images/p{n}.png": making.noise(n) for n in range(2)},
        "README.md": b"---\n",
        "loader.py": b"raise SystemExit('this must never run')\n",
        "model.pkl": b"\x80\x04.",
        "data/.hidden.png": b"x",
    }
    return hub.add(hub.make(DATASET), "Data", files).sha


def ask(cast: Cast, source: Source, **chosen: Any) -> Import:
    values = {"repo_id": DATASET, "revision": "main"} | chosen
    return start_hub_import(study=cast.study, source=source, by=cast.lena, **values)


def run(batch: Import) -> Job:
    job = run_now(batch.job)
    batch.refresh_from_db()
    return job


def test_a_branch_is_pinned_to_its_commit_and_imported_like_a_folder(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str
) -> None:
    batch = ask(cast, source)

    def move(asked: Asked) -> None:
        there = hub.repository(DATASET)
        if asked.act == "tree" and there.head.sha == commit:
            hub.add(there, "Later", {"data/images/p0.png": b"changed"}, gone=("data/questions.jsonl",))

    hub.faults = move
    job = run(batch)
    assert (job.state, job.error) == ("succeeded", "")
    assert (batch.revision, batch.origin, batch.not_fetched) == (commit, DATASET, 5)
    assert (batch.accepted, batch.duplicates, batch.refused) == (4, 0, [])
    assert Question.objects.filter(study=cast.study).count() == 2
    fetched = {asked.path.split("/")[-1] for asked in hub.asked if asked.act == "resolve"}
    assert fetched == {"questions.jsonl", "p0.png", "p1.png"}
    assert not upload_folder(job.params["area"]).exists()
    assert AuditEvent.objects.get(action="import.pinned").data["commit"] == commit
    # The same commit once more, by its hash and by a tag: nothing new.
    hub.repository(DATASET).tags["v1"] = commit
    for revision in (commit, "v1"):
        again = ask(cast, source, revision=revision)
        run(again)
        assert (again.revision, again.accepted, again.duplicates) == (commit, 0, 4)


@pytest.mark.parametrize("act", ["info", "tree", "resolve", "storage"])
def test_one_error_or_a_broken_connection_at_any_request_is_got_over(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str, act: str
) -> None:
    hub.faults = once(act, Fault(is_cut=True) if act == "storage" else Fault(status=503))
    batch = ask(cast, source)
    job = run(batch)
    assert (job.state, job.error, batch.accepted) == ("succeeded", "", 4)


def test_what_was_fetched_before_the_client_died_is_not_fetched_again(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[HubProcess] = []
    enter = HubProcess.__enter__

    def enter_seen(client: HubProcess) -> HubProcess:
        clients.append(enter(client))
        return client

    def kill(asked: Asked) -> None:
        if "questions.jsonl" in asked.path and len(clients) == 1:
            clients[0]._process.kill()
            hub.asked.clear()

    monkeypatch.setattr(HubProcess, "__enter__", enter_seen)
    hub.faults = kill
    batch = ask(cast, source)
    job = run(batch)
    assert (job.state, job.attempt, batch.revision) == ("succeeded", 2, commit)
    assert batch.accepted == 4
    assert len(clients) == 2
    assert {asked.path.split("/")[-1] for asked in hub.asked if asked.act == "resolve"} == {"questions.jsonl"}


def test_bytes_that_are_not_what_the_hub_says_are_refused(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str
) -> None:
    stored = hub.repository(DATASET).head.tree["data/images/p0.png"]
    hub.blobs[stored.sha256] = bytes(stored.size)
    batch = ask(cast, source)
    job = run(batch)
    assert (job.state, "not what the Hub says" in job.error) == ("failed", True)
    assert (batch.accepted, Question.objects.count()) == (0, 0)


def test_limits_hold_before_anything_is_fetched(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    assert "larger than an import" in run(ask(cast, source)).error
    monkeypatch.setattr("curation.imports.from_hub.MOST_FILES", 2)
    assert "3 files" in run(ask(cast, source)).error
    empty = hub.add(hub.make("clinic/empty"), "Code", {"loader.py": b"x"})
    assert empty.sha[:12] in run(ask(cast, source, repo_id="clinic/empty")).error
    assert "resolve" not in hub.acts()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"repo_id": "clinic/nothing"}, "no dataset clinic/nothing"),
        ({"revision": "v9"}, "no revision v9"),
    ],
)
def test_what_is_not_there_is_said(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str, chosen: dict[str, str], words: str
) -> None:
    assert words in run(ask(cast, source, **chosen)).error


def test_odd_names_and_others_are_refused(cast: Cast, hub: LoopbackHub, source: Source) -> None:
    for chosen in ({"repo_id": "../x"}, {"revision": "main;rm"}, {"revision": "a..b"}, {"revision": ""}):
        with pytest.raises(Refused):
            ask(cast, source, **chosen)
    with pytest.raises(NotAllowed):
        start_hub_import(study=cast.study, source=source, repo_id=DATASET, revision="main", by=cast.anna)
    foreign = making.source(cast.other_study)
    with pytest.raises(Refused, match="another study"):
        ask(cast, foreign)
    pushed = waiting_push(make_release(cast), cast.max, endpoint=hub.url, parent="a" * 40)
    with pytest.raises(Refused, match="another study"):
        start_hub_import(
            study=cast.other_study, source=foreign, repo_id=pushed.repo_id, revision="main", by=cast.nora
        )
    assert hub.asked == []


def test_the_page_fetches_and_says_what_is_wrong(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str
) -> None:
    client = Client()
    client.force_login(cast.lena)
    assert "From the Hugging Face Hub" in client.get("/s/chest/imports/new/").content.decode()
    answer = client.post("/s/chest/imports/hub/", {"repo_id": "x", "revision": "main", "source": source.pk})
    assert (answer.status_code, b"OWNER/NAME" in answer.content) == (422, True)
    answer = client.post(
        "/s/chest/imports/hub/", {"repo_id": DATASET, "revision": commit, "source": source.pk}
    )
    assert answer.status_code == 302
    batch = Import.objects.get()
    run(batch)
    shown = client.get(answer.headers["Location"]).content.decode()
    assert f"{DATASET} of the Hub at {commit[:12]}" in shown
    assert "5 files of the dataset" in shown


def test_the_command_takes_a_dataset(
    cast: Cast, hub: LoopbackHub, source: Source, commit: str, tmp_path: Path
) -> None:
    out = io.StringIO()
    call_command("import", "chest", f"hub:{DATASET}@{commit}", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["accepted"], said["revision"], said["not_fetched"]) == (4, commit, 5)
    for words in (["hub:nothing"], [f"hub:{DATASET}@v9"], [f"hub:{DATASET}", "--dry-run"]):
        with pytest.raises(CommandError) as ended:
            call_command("import", "chest", *words)
        assert ended.value.returncode == 2
