"""Pixel review, opening questions, sources."""

import pytest

from consilium.audit.models import AuditEvent
from consilium.people.models import Membership
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from consilium.states.transitions import TransitionRefused
from curation.images.pixel_review import NoteMissing, PixelsChanged, sign_pixels, withdraw_image
from curation.models import Image, Import, PixelReview, Question
from curation.questions import drop_question, open_questions
from curation.sources import SourceLocked, save_source
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture
def quarantined(cast: Cast) -> Image:
    return making.image(cast.study, making.source(cast.study), 1, state="quarantined")


def test_a_signature_binds_the_pixels_and_opens_the_image(cast: Cast, quarantined: Image) -> None:
    sign_pixels(
        image=quarantined, pixel_sha256=quarantined.pixel_sha256, is_clean=True, note="", by=cast.rosa
    )
    quarantined.refresh_from_db()
    review = PixelReview.objects.get()
    assert (quarantined.state, review.pixel_sha256) == ("released", quarantined.pixel_sha256)
    actions = AuditEvent.objects.filter(action__startswith="image.").order_by("sequence")
    assert [event.action for event in actions] == ["image.reviewed", "image.released"]


def test_a_refusal_needs_a_note_and_keeps_the_image_from_everybody(cast: Cast, quarantined: Image) -> None:
    with pytest.raises(NoteMissing):
        sign_pixels(
            image=quarantined, pixel_sha256=quarantined.pixel_sha256, is_clean=False, note=" ", by=cast.lena
        )
    sign_pixels(
        image=quarantined,
        pixel_sha256=quarantined.pixel_sha256,
        is_clean=False,
        note="A name, top left.",
        by=cast.lena,
    )
    quarantined.refresh_from_db()
    assert quarantined.state == "refused"


def test_other_pixels_than_those_shown_are_not_signed(cast: Cast, quarantined: Image) -> None:
    with pytest.raises(PixelsChanged):
        sign_pixels(image=quarantined, pixel_sha256="0" * 64, is_clean=True, note="", by=cast.lena)
    assert not PixelReview.objects.exists()


def test_an_image_is_signed_once_and_by_seniors(cast: Cast, quarantined: Image) -> None:
    for person in (cast.anna, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            sign_pixels(
                image=quarantined, pixel_sha256=quarantined.pixel_sha256, is_clean=True, note="", by=person
            )
    sign_pixels(
        image=quarantined, pixel_sha256=quarantined.pixel_sha256, is_clean=True, note="", by=cast.lena
    )
    with pytest.raises(TransitionRefused):
        sign_pixels(
            image=quarantined, pixel_sha256=quarantined.pixel_sha256, is_clean=True, note="", by=cast.max
        )
    assert PixelReview.objects.count() == 1


def test_who_brought_an_image_in_does_not_sign_it_unless_alone(cast: Cast, quarantined: Image) -> None:
    from consilium.jobs.queue import enqueue

    job = enqueue(kind="curation.import", by=cast.lena, study=cast.study, params={})
    batch = Import.objects.create(
        study=cast.study, source=quarantined.source, job=job, created_by=cast.lena, files=[]
    )
    quarantined.batch = batch
    quarantined.save()
    pixels = quarantined.pixel_sha256
    with pytest.raises(NotAllowed, match="second person"):
        sign_pixels(image=quarantined, pixel_sha256=pixels, is_clean=True, note="", by=cast.lena)
    Membership.objects.filter(person__in=[cast.max, cast.rosa]).update(is_active=False)
    sign_pixels(image=quarantined, pixel_sha256=pixels, is_clean=True, note="", by=cast.lena)


def test_questions_open_once_all_their_images_are_usable(cast: Cast) -> None:
    of = making.source(cast.study)
    first = making.question(cast.study, of, 1, state="imported")
    second = making.question(cast.study, of, 2, state="imported")
    Image.objects.filter(questions=second).update(state="quarantined")
    outcome = open_questions(study=cast.study, by=cast.lena)
    assert (outcome.opened, outcome.waiting) == (1, 1)
    assert {q.pk: q.state for q in Question.objects.all()} == {first.pk: "ready", second.pk: "imported"}
    with pytest.raises(NotAllowed):
        open_questions(study=cast.study, by=cast.rosa)


def test_a_question_is_dropped_with_a_reason(cast: Cast) -> None:
    question = making.question(cast.study, making.source(cast.study), 1)
    with pytest.raises(ReasonMissing):
        drop_question(question=question, reason="", by=cast.lena)
    drop_question(question=question, reason="Ambiguous.", by=cast.lena)
    question.refresh_from_db()
    assert (question.state, question.drop_reason) == ("dropped", "Ambiguous.")


def test_a_released_image_is_withdrawn_with_a_reason(cast: Cast) -> None:
    image = making.image(cast.study, making.source(cast.study), 1)
    with pytest.raises(NoteMissing):
        withdraw_image(image=image, reason=" ", by=cast.lena)
    withdraw_image(image=image, reason="A name in frame 3.", by=cast.lena)
    assert image.state == "refused"


def test_a_source_is_saved_and_recorded(cast: Cast) -> None:
    fields = {
        "name": "Archive", "licence": "CC-BY-4.0", "citation": "", "ethics_reference": "", "may_train": True,
        "may_send_to_hosted": False, "may_redistribute": False, "commercial_use": False,
        "is_synthetic": False,
    }  # fmt: skip
    saved = save_source(study=cast.study, fields=fields, by=cast.lena)
    making.image(cast.study, saved, 1)
    with pytest.raises(SourceLocked):
        save_source(study=cast.study, fields=fields | {"is_synthetic": True}, by=cast.lena, source=saved)
    changed = save_source(study=cast.study, fields=fields | {"may_train": False}, by=cast.lena, source=saved)
    assert (changed.pk, changed.may_train) == (saved.pk, False)
    assert AuditEvent.objects.filter(action="source.saved").count() == 2
    with pytest.raises(NotAllowed):
        save_source(study=cast.study, fields=fields, by=cast.rosa)
