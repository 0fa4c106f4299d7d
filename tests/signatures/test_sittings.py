"""A sitting begins with the right password, is one browser's and one purpose's, and ends."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.people.permissions import NotAllowed
from consilium.signatures.models import Meaning, Purpose, Signature, Sitting
from consilium.signatures.refusals import NotSigned
from consilium.signatures.sign import sign
from tests.factories.cast import PASSWORD, Cast
from tests.signatures.at_work import (
    browser,
    decide,
    disputed,
    frozen,
    send_pixels,
    sit_down,
    sitting,
    waiting_image,
)

NOW = "2026-11-27T14:00:00Z"


@pytest.fixture(autouse=True)
def _forgets_attempts(db: None) -> None:
    cache.clear()


def test_a_wrong_password_signs_nothing_and_is_on_record(cast: Cast) -> None:
    image, client = waiting_image(cast), browser(cast.rosa)
    assert sit_down(client, "pixels_clean", "not my password") == 422
    asked = send_pixels(client, image, password="not my password")
    assert asked.status_code == 422
    assert "That is not your password. Nothing was signed." in asked.content.decode()
    image.refresh_from_db()
    assert (image.state, Sitting.objects.count(), Signature.objects.count()) == ("quarantined", 0, 0)
    events = AuditEvent.objects.filter(action="sitting.refused")
    assert [(event.actor, event.chain, event.data["meaning"]) for event in events] == [
        (cast.rosa, "system", "pixels_clean")
    ] * 2


def test_wrong_passwords_are_limited_like_logins(cast: Cast) -> None:
    client = browser(cast.rosa)
    statuses = [sit_down(client, "pixels_clean", "not my password") for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert sit_down(client, "pixels_clean") == 429
    assert not Sitting.objects.exists()


def test_without_a_sitting_the_page_asks_and_sends_everything_again(cast: Cast) -> None:
    image, client = waiting_image(cast), browser(cast.rosa)
    asked = send_pixels(client, image, verdict="refuse", note='A name "top left" & more')
    page = asked.content.decode()
    assert asked.status_code == 428
    assert "You sign as <strong>Rosa</strong>: “I looked at this image and refuse it.”" in page
    for field in (
        'name="verdict" value="refuse"',
        'name="note" value="A name &quot;top left&quot; &amp; more"',
    ):
        assert field in page
    image.refresh_from_db()
    assert image.state == "quarantined"
    send_pixels(client, image, verdict="refuse", note="A name", password=PASSWORD)
    image.refresh_from_db()
    assert (image.state, Signature.objects.get().meaning) == ("refused", "pixels_refused")


def test_one_password_is_enough_for_a_sitting(cast: Cast) -> None:
    images, client = [waiting_image(cast, number) for number in (1, 2, 3)], browser(cast.rosa)
    assert send_pixels(client, images[0], password=PASSWORD).status_code == 302
    for image in images[1:]:
        assert send_pixels(client, image).status_code == 302
    assert [made.sitting_id for made in Signature.objects.all()] == [Sitting.objects.get().pk] * 3
    signature = Signature.objects.all()[0]
    assert (signature.signer, signature.printed_name, signature.sitting.role) == (
        cast.rosa,
        "Rosa",
        "adjudicator",
    )


def test_another_browser_of_the_same_person_has_its_own_sitting(cast: Cast) -> None:
    first, second = browser(cast.rosa), browser(cast.rosa)
    assert sit_down(first, "pixels_clean") == 200
    assert send_pixels(second, waiting_image(cast)).status_code == 428
    assert not Signature.objects.exists()


def test_a_sitting_is_of_one_person_one_study_and_one_purpose(cast: Cast) -> None:
    image = waiting_image(cast)
    rosas = sitting(cast.study, cast.rosa, Purpose.PIXELS)
    others = {
        cast.lena: (rosas, cast.study, Meaning.PIXELS_CLEAN),
        cast.rosa: (rosas, cast.other_study, Meaning.PIXELS_CLEAN),
    }
    cases = [*others.items(), (cast.rosa, (rosas, cast.study, Meaning.ADJUDICATED))]
    for person, (held, study, meaning) in cases:
        with pytest.raises(NotSigned):
            sign(sitting=held, obj=image, study=study, meaning=meaning, content={}, by=person)
    assert not Signature.objects.exists()
    client = browser(cast.rosa)
    sit_down(client, "adjudicated")
    assert send_pixels(client, image).status_code == 428


def test_a_sitting_of_somebody_else_in_the_session_does_not_count(cast: Cast) -> None:
    theirs, client = sitting(cast.study, cast.max, Purpose.PIXELS), browser(cast.rosa)
    session = client.session
    session["sittings"] = {f"{cast.study.pk}:pixels": theirs.pk}
    session.save()
    assert send_pixels(client, waiting_image(cast)).status_code == 428


@pytest.mark.parametrize(("signs_after", "status"), [(29, 302), (31, 428)])
def test_a_sitting_ends_when_nothing_is_signed_for_half_an_hour(
    cast: Cast, signs_after: int, status: int
) -> None:
    first, second = waiting_image(cast, 1), waiting_image(cast, 2)
    with time_machine.travel(NOW, tick=False) as clock:
        client = browser(cast.rosa)
        sit_down(client, "pixels_clean")
        clock.shift(timedelta(minutes=20))
        assert send_pixels(client, first).status_code == 302
        clock.shift(timedelta(minutes=signs_after))
        assert send_pixels(client, second).status_code == status


def test_a_sitting_ends_after_eight_hours_of_work(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client, statuses = browser(cast.rosa), []
        sit_down(client, "pixels_clean")
        for number in range(20):
            clock.shift(timedelta(minutes=25))
            statuses.append(send_pixels(client, waiting_image(cast, number + 1)).status_code)
    assert statuses == [302] * 19 + [428]


def test_logging_out_ends_it(cast: Cast) -> None:
    client = browser(cast.rosa)
    sit_down(client, "pixels_clean")
    kept = dict(client.session["sittings"])
    client.post(reverse("account_logout"))
    assert Sitting.objects.get().ended_at is not None
    client.force_login(cast.rosa)
    assert send_pixels(client, waiting_image(cast)).status_code == 428
    session = client.session
    session["sittings"] = kept  # whoever kept the old session's content
    session.save()
    assert send_pixels(client, waiting_image(cast, 2)).status_code == 428
    actions = AuditEvent.objects.filter(action__startswith="sitting.").values_list("action", flat=True)
    assert list(actions) == ["sitting.begun", "sitting.ended"]


def test_the_person_ends_it(cast: Cast) -> None:
    client = browser(cast.rosa)
    home = reverse("curation:pixel-reviews", args=["chest"])
    assert "Stop signing" not in client.get(home).content.decode()
    sit_down(client, "pixels_clean")
    assert "Stop signing" in client.get(home).content.decode()
    left = client.post(reverse("signatures:end"), headers={"Referer": f"http://testserver{home}"})
    assert left.headers["Location"] == home
    assert "Stop signing" not in client.get(home).content.decode()
    assert send_pixels(client, waiting_image(cast)).status_code == 428


def test_only_who_may_sign_sits_down(cast: Cast) -> None:
    assert sit_down(browser(cast.anna), "pixels_clean") == 403
    assert sit_down(browser(cast.lena), "adjudicated") == 403
    assert sit_down(browser(cast.nora), "pixels_clean") == 404
    assert sit_down(browser(cast.otto), "pixels_clean") == 404
    with pytest.raises(NotAllowed):
        sitting(cast.study, cast.anna, Purpose.PIXELS)
    assert not Sitting.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "7", '{"password": 7}', '{"password": "\\ud800"}', "{}", "[" * 5000]
)
def test_odd_bodies_are_no_password(cast: Cast, body: str) -> None:
    address = reverse("signatures:begin", args=["chest", "pixels_clean"])
    assert browser(cast.rosa).post(address, body, "application/json").status_code == 422


def test_a_decision_is_signed_and_sent_again_stays_one(cast: Cast) -> None:
    case, claim = disputed(cast)
    client, key = browser(cast.rosa), "6f2b0c1e-3f7e-4d0a-9d9b-0d2b6d1c7a11"
    refused = decide(client, claim, key)
    assert refused.status_code == 428
    asked = refused.json()["sign"]
    assert (asked["name"], asked["meaning"]) == ("Rosa", "I decided this case as its adjudicator.")
    case.refresh_from_db()
    assert case.state == "disputed"
    assert client.post(asked["url"], {"password": PASSWORD}, "application/json").status_code == 200
    assert [decide(client, claim, key).status_code for _ in range(2)] == [200, 200]
    case.refresh_from_db()
    assert (case.state, Signature.objects.count()) == ("settled", 1)
    event = AuditEvent.objects.get(action="signature.made")
    assert (event.object_type, event.data["sha256"]) == (
        "work.submission",
        Signature.objects.get().content_sha256,
    )


def test_a_release_asks_each_time(cast: Cast) -> None:
    client = browser(cast.lena)
    for number in (1, 2):
        address = reverse("curation:sign-release", args=["chest", frozen(cast, number).pk])
        assert client.post(address).status_code == 428
        assert client.post(address, {"password": PASSWORD}).status_code == 302
    assert Signature.objects.filter(meaning="released").count() == 2
    assert {made.ended_at is not None for made in Sitting.objects.all()} == {True}
    assert sit_down(client, "released") == 404  # no sitting for several


def test_a_session_that_is_over_leads_through_the_login_to_the_page_of_the_button(cast: Cast) -> None:
    page = reverse("curation:pixel-review", args=["chest", waiting_image(cast).pk])
    client = browser(cast.rosa)
    client.logout()
    begun = client.post(
        reverse("signatures:begin", args=["chest", "pixels_clean"]),
        {"password": PASSWORD},
        "application/json",
        headers={"Referer": f"http://testserver{page}"},
    )
    assert begun.headers["Location"] == f"{reverse('account_login')}?next={page}"
