"""Pages and image bytes: who sees what, what empty pages say, and that every address answers."""

import json
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.models import Person
from consilium.workqueue.claim import next_claim
from curation.models import Image, Import, Release, Source, Trace
from curation.releases.export import start_export
from curation.releases.gather import freeze_traces
from curation.states import TraceState
from curation.traces.review import open_reviews
from tests.factories import curation as making
from tests.factories.cast import PASSWORD, Cast

Enter = Callable[[Person], Client]
LISTS = ["images", "imports", "new-source", "questions", "traces", "releases", "new-release", "pixel-reviews"]


@pytest.fixture
def enter() -> Enter:
    def run(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return run


@pytest.fixture
def full(cast: Cast) -> dict[str, int]:
    """A study in which every page has something to show."""
    of = making.source(cast.study)
    trace = making.trace(making.question(cast.study, of, 1), making.endpoint())
    making.trace(making.question(cast.study, of, 2), making.endpoint(), TraceState.DISPUTED)
    waiting = making.image(cast.study, of, 3, state="quarantined")
    release = freeze_traces(study=cast.study, name="First", by=cast.lena)
    export = start_export(release=release, by=cast.lena)
    run_now(export.job)
    batch = Import.objects.create(study=cast.study, source=of, job=_done(cast), created_by=cast.max, files=[])
    return {
        "image": trace.question.ordered_images()[0].pk,
        "question": trace.question.pk,
        "trace": trace.pk,
        "source": of.pk,
        "release": release.pk,
        "import": batch.pk,
        "pixel-review": waiting.pk,
        "download-export": export.pk,
    }


def _done(cast: Cast) -> Job:
    return Job.objects.create(kind="curation.import", study=cast.study, state="succeeded")


@pytest.mark.parametrize("name", LISTS)
def test_empty_pages_say_what_to_do(cast: Cast, enter: Enter, name: str) -> None:
    response = enter(cast.lena).get(reverse(f"curation:{name}", args=["chest"]))
    assert response.status_code == 200
    assert b"<h1>" in response.content


def test_importing_without_a_source_says_what_needs_one(cast: Cast, enter: Enter) -> None:
    response = enter(cast.lena).get(reverse("curation:new-import", args=["chest"]))
    assert reverse("curation:new-source", args=["chest"]) in response.content.decode()
    making.source(cast.study)
    response = enter(cast.lena).get(reverse("curation:new-import", args=["chest"]))
    assert reverse("curation:new-source", args=["chest"]) not in response.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_full_lists_are_shown(cast: Cast, enter: Enter, full: dict[str, int], name: str) -> None:
    for query in (
        "",
        "?state=released&use=train&specialty=adult_medicine&q=picture&page=99",
        "?state=x&page=y",
    ):
        assert enter(cast.lena).get(reverse(f"curation:{name}", args=["chest"]) + query).status_code == 200


@pytest.mark.parametrize(
    "name", ["image", "question", "trace", "source", "release", "import", "pixel-review", "download-export"]
)
def test_one_object_is_shown_to_leads_and_hidden_from_outsiders(
    cast: Cast, enter: Enter, full: dict[str, int], name: str
) -> None:
    address = reverse(f"curation:{name}", args=["chest", full[name]])
    assert enter(cast.lena).get(address).status_code == 200
    assert enter(cast.anna).get(address).status_code == 403
    assert enter(cast.nora).get(address).status_code == 404
    assert enter(cast.otto).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert enter(cast.lena).get(reverse(f"curation:{name}", args=["chest", 2**70])).status_code == 404
    assert enter(cast.nora).get(reverse(f"curation:{name}", args=["other", full[name]])).status_code == 404


def test_image_bytes_follow_membership_and_state(cast: Cast, enter: Enter) -> None:
    image = making.image(cast.study, making.source(cast.study), 1)
    addresses = [
        reverse("curation:image-manifest", args=[image.pk]),
        reverse("curation:image-frame", args=[image.pk, 0]),
        reverse("curation:image-thumbnail", args=[image.pk]),
    ]
    allowed = {"released": "anna rosa lena", "quarantined": "rosa lena", "refused": ""}
    for state, names in allowed.items():
        Image.objects.update(state=state)
        for name in ("anna", "rosa", "lena", "otto", "nora"):
            expected = 200 if name in names.split() else 404
            for address in addresses:
                assert enter(getattr(cast, name)).get(address).status_code == expected, (state, name)
    Image.objects.update(state="released")
    assert enter(cast.anna).get(reverse("curation:image-frame", args=[image.pk, 1])).status_code == 404


def test_image_bytes_carry_our_types_and_stay_out_of_every_cache(cast: Cast, enter: Enter) -> None:
    image = making.image(cast.study, making.source(cast.study), 1)
    client = enter(cast.anna)
    manifest = json.loads(client.get(reverse("curation:image-manifest", args=[image.pk])).content)
    assert (manifest["rows"], manifest["columns"], len(manifest["frames"])) == (32, 32, 1)
    frame = client.get(manifest["frames"][0])
    assert frame.headers["Content-Type"] == "application/octet-stream"
    thumbnail = client.get(manifest["thumb"])
    assert thumbnail.headers["Content-Type"] == "image/png"
    for response in (frame, thumbnail):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-store"


def test_files_are_imported_through_the_page(cast: Cast, enter: Enter) -> None:
    making.source(cast.study)
    address = reverse("curation:new-import", args=["chest"])
    assert enter(cast.lena).get(address).status_code == 200
    chosen = Source.objects.get()
    files = [SimpleUploadedFile("a.png", making.png((1, 2, 3))), SimpleUploadedFile("b.png", b"%PDF-1.4")]
    response = enter(cast.lena).post(address, {"source": chosen.pk, "uploads": files})
    batch = Import.objects.get()
    assert response.headers["Location"] == reverse("curation:import", args=["chest", batch.pk])
    run_now(batch.job)
    page = enter(cast.lena).get(response.headers["Location"]).content.decode()
    assert "b.png" in page
    assert Image.objects.count() == 1


def test_the_report_says_what_the_page_matched_by_name_alone(cast: Cast, enter: Enter) -> None:
    chosen = making.source(cast.study)
    lines = [
        {"id": f"Q{n}", "question": f"What is {n}?", "answer": "Red", "images": [name]}
        for n, name in enumerate(("images/a.png", "b.png", "p1/c.png", "p2/c.png"))
    ]
    files = [SimpleUploadedFile(f"{name}.png", making.png((n, 2, 3))) for n, name in enumerate("abc")]
    asked = SimpleUploadedFile("q.jsonl", "\n".join(json.dumps(each) for each in lines).encode())
    address = reverse("curation:new-import", args=["chest"])
    shown = enter(cast.lena).post(address, {"source": chosen.pk, "uploads": [*files, asked]})
    run_now(Import.objects.get().job)
    page = enter(cast.lena).get(shown.headers["Location"]).content.decode()
    assert "1 path in the questions was matched by file name" in page
    assert [each["item"] for each in Import.objects.get().refused_names] == [
        "q.jsonl line 3",
        "q.jsonl line 4",
    ]


def test_nothing_is_imported_from_an_empty_form(cast: Cast, enter: Enter) -> None:
    making.source(cast.study)
    response = enter(cast.lena).post(reverse("curation:new-import", args=["chest"]), {})
    assert response.status_code == 422
    assert not Import.objects.exists()


def test_a_release_is_frozen_checked_exported_and_withdrawn_on_pages(cast: Cast, enter: Enter) -> None:
    making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    client = enter(cast.lena)
    looked = client.post(reverse("curation:new-release", args=["chest"]), {"kind": "traces"})
    run_now(Job.objects.get(kind="curation.preview"))
    refused = client.post(looked["Location"], {"name": ""})
    assert (refused.status_code, b"Own archive" in refused.content) == (422, True)
    sent = client.post(looked["Location"], {"name": "First"})
    assert b"Freezing a release" in client.get(sent["Location"]).content
    run_now(Job.objects.get(kind="curation.freeze"))
    release = Release.objects.get()
    page = reverse("curation:release", args=["chest", release.pk])
    assert client.get(sent["Location"])["Location"] == f"{page}#opens-sign"
    polled = client.get(sent["Location"], headers={"HX-Request": "true"})
    assert polled["HX-Redirect"] == f"{page}#opens-sign"
    client.post(reverse("curation:verify-release", args=["chest", release.pk]))
    run_now(Job.objects.get(kind="curation.verify"))
    assert b"every file agreed with the digest" in client.get(page).content
    none = client.post(reverse("curation:export-release", args=["chest", release.pk]), follow=True)
    assert b"at least one layout" in none.content
    layouts = {"layout": ["hub", "trl"]}
    client.post(reverse("curation:export-release", args=["chest", release.pk]), layouts)
    assert sorted(release.exports.values_list("layout", flat=True)) == ["hub", "trl"]
    release.exports.filter(layout="trl").delete()
    run_now(release.exports.get().job)
    zip_page = client.get(reverse("curation:download-export", args=["chest", release.exports.get().pk]))
    assert b"".join(zip_page.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    taken = AuditEvent.objects.get(action="export.downloaded")
    assert (taken.actor, taken.study, taken.data["digest"]) == (cast.lena, cast.study, release.digest)
    withdrawal = {"reason": "Wrong.", "password": PASSWORD}
    gone = client.post(
        reverse("curation:withdraw-release", args=["chest", release.pk]), withdrawal, follow=True
    )
    assert b"Wrong." in gone.content
    zip_page = client.get(reverse("curation:download-export", args=["chest", release.exports.get().pk]))
    assert zip_page.status_code == 404


def test_pixels_are_signed_on_the_page_and_the_next_image_follows(cast: Cast, enter: Enter) -> None:
    of = making.source(cast.study)
    first, second = (making.image(cast.study, of, n, state="quarantined") for n in (1, 2))
    client = enter(cast.rosa)
    assert client.get(reverse("curation:pixel-review", args=["chest", first.pk])).status_code == 200
    sign = reverse("curation:sign-pixels", args=["chest", first.pk])
    signature = {"pixel_sha256": first.pixel_sha256, "verdict": "clean", "password": PASSWORD}
    answer = client.post(sign, signature)
    assert answer.headers["Location"] == reverse("curation:pixel-review", args=["chest", second.pk])
    first.refresh_from_db()
    assert first.state == "released"
    refuse = reverse("curation:sign-pixels", args=["chest", second.pk])
    again = client.post(refuse, {"pixel_sha256": second.pixel_sha256, "verdict": "refuse"}, follow=True)
    assert b"Say what you saw" in again.content
    refused = enter(cast.lena).post(
        refuse, {"pixel_sha256": second.pixel_sha256, "verdict": "refuse"}, follow=True
    )
    assert b"Say what you saw" in refused.content  # before any password is asked for
    assert enter(cast.anna).post(refuse, {}).status_code == 403


def test_questions_are_opened_and_dropped_on_pages(cast: Cast, enter: Enter) -> None:
    question = making.question(cast.study, making.source(cast.study), 1, state="imported")
    client = enter(cast.lena)
    opened = client.post(reverse("curation:open-questions", args=["chest"]), follow=True)
    assert b"1 questions are ready" in opened.content
    client.post(reverse("curation:drop-question", args=["chest", question.pk]), {"reason": "Ambiguous."})
    question.refresh_from_db()
    assert question.state == "dropped"


def test_sources_are_saved_on_the_page(cast: Cast, enter: Enter) -> None:
    client = enter(cast.lena)
    new = reverse("curation:new-source", args=["chest"])
    assert client.post(new, {"name": ""}).status_code == 422
    client.post(new, {"name": "Archive", "licence": "CC-BY-4.0", "may_train": "on"})
    stored = Source.objects.get()
    assert (stored.may_train, stored.may_redistribute) == (True, False)
    twice = client.post(new, {"name": "Archive", "licence": "CC0"})
    assert (twice.status_code, Source.objects.count()) == (422, 1)
    client.post(reverse("curation:source", args=["chest", stored.pk]), {"name": "Archive", "licence": "CC0"})
    stored.refresh_from_db()
    assert (stored.licence, stored.may_train) == ("CC0", False)


def test_the_review_screen_shows_the_steps_and_the_gold_answer_by_setting(cast: Cast, enter: Enter) -> None:
    question = making.question(cast.study, making.source(cast.study), 1)
    making.trace(question, making.endpoint(), TraceState.CHECKED)
    client = enter(cast.lena)
    client.post(reverse("curation:open-reviews", args=["chest"]), {"name": "First"})
    claim = next_claim(study=cast.study, person=cast.anna, kind="review")
    assert claim is not None
    address = reverse("curation:review", args=[claim.token])
    page = enter(cast.anna).get(address).content.decode()
    assert page.count("data-work-row") == 2
    assert "gold answer" in page
    assert "teacher" not in page.split("<main")[1]
    assert enter(cast.ben).get(address).status_code == 404
    type(claim).objects.filter(pk=claim.pk).update(shown={"gold": False})
    assert "gold answer" not in enter(cast.anna).get(address).content.decode()


def test_an_adjudicator_settles_a_dispute_on_the_page(cast: Cast, enter: Enter) -> None:
    import uuid

    from consilium.people.models import Study
    from consilium.workqueue.submit import submit

    Study.objects.filter(pk=cast.study.pk).update(settings_data={"reviews_per_trace": 2})
    cast.study.refresh_from_db()
    trace = making.trace(
        making.question(cast.study, making.source(cast.study), 1), making.endpoint(), TraceState.CHECKED
    )
    open_reviews(study=cast.study, name="R", by=cast.lena)
    accept = {"steps": {"step-1": {"status": "accepted"}, "step-2": {"status": "accepted"}}}
    other = {"steps": {"step-1": {"status": "accepted"}, "step-2": {"status": "edited", "text": "Red is A."}}}
    for person, content in ((cast.anna, accept), (cast.ben, other)):
        claim = next_claim(study=cast.study, person=person, kind="review")
        assert claim is not None
        submit(claim_token=claim.token, person=person, content=content, idempotency_key=uuid.uuid4())
    page = enter(cast.rosa).get(reverse("curation:trace", args=["chest", trace.pk])).content.decode()
    assert page.count("Decide for this review") == 2
    assert "Reviewer 1" in page
    rows = enter(cast.rosa).get(reverse("curation:traces", args=["chest"])).content.decode()
    for hidden in (trace.endpoint.name, str(cast.anna), str(cast.ben)):
        assert hidden not in page.split("<main")[1]
        assert hidden not in rows.split("<main")[1]
    lead = enter(cast.lena).get(reverse("curation:trace", args=["chest", trace.pk])).content.decode()
    assert all(shown in lead for shown in (trace.endpoint.name, str(cast.anna), str(cast.ben)))
    settle = reverse("curation:settle-trace", args=["chest", trace.pk])
    assert enter(cast.rosa).post(settle, {"review": "x"}).status_code == 404
    assert enter(cast.anna).post(settle, {"review": "1"}).status_code == 403
    enter(cast.rosa).post(settle, {"review": trace.reviews.get(decision="edited").pk})
    assert Trace.objects.get().state == TraceState.EDITED


def test_texts_of_imports_are_escaped_on_every_page(cast: Cast, enter: Enter) -> None:
    evil = "<img src=x onerror=alert(1)>"
    trace = making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    type(trace.question).objects.update(text=evil, options={"A": evil, "B": "x"}, answer=evil)
    trace.steps.update(text=evil, original=evil)
    for name, key in (("question", trace.question.pk), ("trace", trace.pk)):
        page = enter(cast.lena).get(reverse(f"curation:{name}", args=["chest", key])).content.decode()
        assert evil not in page
        assert "&lt;img src=x" in page
