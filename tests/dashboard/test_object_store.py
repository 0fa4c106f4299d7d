"""A site whose files lie in a bucket: what people, operators and jobs see, also while it is away."""

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.blobs import store_address
from consilium.blobs.store import put, read_blob
from consilium.blobs.store_address import StoreAddress, read_store_address
from consilium.environment import EnvironmentRefused
from consilium.jobs.models import Job
from consilium.jobs.run import STORE_AWAY, run_now
from consilium.jobs.states import JobState
from dashboard import checks
from tests.factories.cast import Cast
from tests.factories.curation import image, source
from tests.harness.object_store import BadWay, StoreServer, bad_way


@pytest.fixture
def way(store_server: StoreServer, settings: Any) -> Iterator[BadWay]:
    """The site reaches its bucket by a way that may go wrong."""
    with bad_way(store_server) as made:
        settings.OBJECT_STORE = store_server.address(port=made.port, seconds=0.5)
        yield made


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask at once again after a failure."""
    monkeypatch.setattr("consilium.blobs.object_store.PAUSE_SECONDS", 0.0)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_images_are_served_by_the_site_as_from_a_folder_and_a_store_that_is_away_is_told_in_words(
    cast: Cast, way: BadWay, awake: None, settings: Any
) -> None:
    bucket, settings.OBJECT_STORE = settings.OBJECT_STORE, None
    shown = image(cast.study, source(cast.study), 7)
    url = reverse("curation:image-thumbnail", args=[shown.pk])
    answers = [signed_in(cast.lena).get(url)]
    content = read_blob(shown.thumbnail_blob)
    settings.OBJECT_STORE = bucket
    put(content, "image/png")
    answers.append(signed_in(cast.lena).get(url))
    assert answers[0].content == answers[1].content == content
    assert list(answers[0].headers.items()) == list(answers[1].headers.items())
    assert signed_in(cast.otto).get(url).status_code == 404  # an operator without a break-glass reason
    way.mode = "closed"
    away = signed_in(cast.lena).get(url)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert b"does not answer at the moment" in away.content
    assert signed_in(cast.lena).get(reverse("site:study", args=[cast.study.slug])).status_code == 200
    way.mode = ""
    assert signed_in(cast.lena).get(url).content == answers[0].content


def test_readiness_tells_operators_and_stays_ready_for_votes(cast: Cast, way: BadWay, awake: None) -> None:
    for way.mode, answers in (("", True), ("closed", False)):
        told = signed_in(cast.otto).get("/readyz")
        assert (told.status_code, told.json()["store"]) == (200, answers)
        assert "store" not in signed_in(cast.lena).get("/readyz").json()


def test_the_check_says_what_is_wrong_with_the_store(
    db: None, store_server: StoreServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> dict[str, bool]:
        messages = checks.check_store(None, databases=["default"])
        assert all(message.hint for message in messages)
        assert not [message for message in messages if "127.0.0.1" in f"{message.msg}{message.hint}"]
        return {str(message.id): message.is_serious() for message in messages}

    settings.OBJECT_STORE = store_server.address()
    assert found() == {"consilium.W062": False}  # the way is not encrypted
    assert checks.check_store(None) == []  # ordinary commands do not ask
    settings.OBJECT_STORE = store_server.address(bucket="no-such-bucket")
    assert found() == {"consilium.E060": True}
    with pytest.raises(CommandError, match="its bucket is not there"):
        call_command("check", stdout=StringIO())
    settings.OBJECT_STORE = replace(settings.OBJECT_STORE, endpoint="https://127.0.0.1:9", seconds=0.3)
    assert found() == {"consilium.W060": False}  # it may come back, and votes need none
    out = StringIO()
    call_command("check", stdout=out)
    assert "does not answer" in out.getvalue()
    settings.OBJECT_STORE = store_server.address(bucket="consilium-versions")
    assert found() == {"consilium.W061": False, "consilium.W062": False}
    put(b"an image", "image/png")
    settings.OBJECT_STORE = store_server.address()  # another prefix than the files are in
    assert found()["consilium.E060"]
    assert "none of this site's stored files" in checks.check_store(None, databases=["default"])[0].msg
    settings.OBJECT_STORE = store_server.address(bucket="consilium-versions")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert found() == {"consilium.E060": True}


def test_a_job_waits_for_the_store_and_goes_on(
    cast: Cast, way: BadWay, awake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = put(b"an image", "image/png").sha256
    kinds = {"demo.reads": lambda handle: {"bytes": len(read_blob(content))}}
    monkeypatch.setattr("consilium.jobs.run.find", lambda kind: type("Kind", (), {"handler": kinds[kind]}))
    monkeypatch.setattr("consilium.jobs.run.check_actor", lambda job: None)
    monkeypatch.setattr("consilium.jobs.run.STORE_SECONDS", 0.0)
    job = Job.objects.create(kind="demo.reads", queue="default", params={})
    way.mode = "closed"
    run_now(job)
    assert (job.state, job.attempt, job.error) == (JobState.QUEUED, 0, STORE_AWAY)
    way.mode = ""
    run_now(job)
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"bytes": 8})


@pytest.mark.parametrize(
    "text", ["bucket", "http://bucket", "s3://", "s3://B", "s3://bucket/a b", "s3://b1x/../c"]
)
def test_an_address_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(EnvironmentRefused, match="s3://bucket/prefix"):
        read_store_address(text)


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert read_store_address() is None
    monkeypatch.setenv("CONSILIUM_OBJECT_STORE", "s3://bucket/some/where/")
    assert read_store_address() == StoreAddress("bucket", "some/where")
    monkeypatch.setenv("CONSILIUM_OBJECT_STORE_ENDPOINT", "https://store.example:9000/")
    monkeypatch.setenv("CONSILIUM_OBJECT_STORE_REGION", "eu-central-1")
    monkeypatch.setenv("CONSILIUM_OBJECT_STORE_SECONDS", "3")
    (tmp_path / "ca.pem").write_text("a certificate")
    monkeypatch.setenv("CONSILIUM_OBJECT_STORE_CA", str(tmp_path / "ca.pem"))
    found = read_store_address()
    assert found == StoreAddress(
        "bucket", "some/where", "https://store.example:9000", "eu-central-1", 3.0, "a certificate"
    )
    assert "a certificate" not in repr(found)
    for name, value in (
        ("ENDPOINT", "store.example"),
        ("ENDPOINT", "https://user:secret@store.example"),
        ("SECONDS", "0"),
        ("CA", str(tmp_path / "no-such-file")),
    ):
        with monkeypatch.context() as spoilt:
            spoilt.setenv(f"{store_address.NAME}_{name}", value)
            with pytest.raises(EnvironmentRefused) as refusal:
                read_store_address()
        assert "secret" not in str(refusal.value)
