"""What was signed is shown with name, time and meaning, and is void once the content is another one."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from annotation.models import Consensus
from annotation.release import freeze_preferences
from consilium.audit.append_only import Refusal
from consilium.people.models import pseudonym
from consilium.people.permissions import NotAllowed
from consilium.signatures.models import Meaning, Purpose, Signature, Sitting
from consilium.signatures.refusals import NotSigned
from curation.images.pixel_review import sign_pixels, void_images
from curation.models import Image, Release
from curation.releases.export import write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import EmptyRelease, withdraw_release
from curation.releases.manifest import digest_of
from curation.releases.sign import NotSignable, ReleaseUnsigned, check_signed, sign_release, standing_lines
from tests.factories import annotation as voting
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
from training.preconditions import check_trainable

VOID = "Void: the content changed after it was signed."
SENTENCES = {
    "pixels_clean": "I looked at every frame and found nothing that names anybody.",
    "pixels_refused": "I looked at this image and refuse it.",
    "adjudicated": "I decided this case as its adjudicator.",
    "released": "I release this data.",
    "withdrawn": "I withdraw this data.",
}


def page(cast: Cast, name: str, pk: int) -> str:
    return browser(cast.lena).get(reverse(name, args=["chest", pk])).content.decode()


def signed_release(cast: Cast) -> Release:
    release = frozen(cast)
    sign_release(release=release, by=cast.lena, sitting=sitting(cast.study, cast.lena, Purpose.RELEASE))
    return release


def test_a_sentence_that_was_signed_never_changes() -> None:
    assert dict(Meaning.choices) == SENTENCES


def test_a_pixel_review_is_void_when_pixels_or_frames_change(cast: Cast) -> None:
    image = waiting_image(cast)
    send_pixels(browser(cast.rosa), image, password=PASSWORD)
    shown = page(cast, "curation:image", image.pk)
    assert (
        f"Signed by Rosa (adjudicator), {Signature.objects.get().at:%-d %b %Y, %H:%M}: “I looked at" in shown
    )
    assert VOID not in shown
    assert void_images(cast.study) == set()
    for field, value in (("pixel_sha256", "1" * 64), ("frame_blobs", ["2" * 64]), ("model_blobs", [])):
        before = Image.objects.filter(pk=image.pk).values(field).get()
        Image.objects.filter(pk=image.pk).update(**{field: value})
        assert VOID in page(cast, "curation:image", image.pk), field
        assert void_images(cast.study) == {image.pk}
        Image.objects.filter(pk=image.pk).update(**before)
        assert void_images(cast.study) == set()


def test_an_unsigned_review_says_so_and_counts_for_the_pixels_that_were_looked_at(cast: Cast) -> None:
    image = waiting_image(cast)
    sign_pixels(image=image, pixel_sha256=image.pixel_sha256, is_clean=True, note="", by=cast.rosa)
    assert "Not signed." in page(cast, "curation:image", image.pk)
    assert void_images(cast.study) == set()
    Image.objects.filter(pk=image.pk).update(pixel_sha256="1" * 64)
    assert void_images(cast.study) == {image.pk}


def test_an_image_whose_review_is_void_does_not_leave(cast: Cast, tmp_path: Path) -> None:
    release = frozen(cast)
    image = Image.objects.get()
    Image.objects.update(state="quarantined")
    send_pixels(browser(cast.rosa), image, password=PASSWORD)
    assert write_export(release, tmp_path / "as-signed").exists()
    Image.objects.update(frame_blobs=["2" * 64])
    with pytest.raises(ExportRefused, match="no longer, released after review"):
        write_export(release, tmp_path / "changed")


def test_a_decision_is_void_when_a_label_changes_and_hides_who_decided(cast: Cast) -> None:
    case, claim = disputed(cast)
    client = browser(cast.rosa)
    sit_down(client, "adjudicated")
    decide(client, claim)
    shown = page(cast, "annotation:case", case.pk)
    name = pseudonym(cast.study.pk, cast.rosa.pk)
    assert f"Signed by {name} (adjudicator), " in shown
    assert "“I decided this case as its adjudicator.”" in shown
    assert (VOID in shown, "Rosa" in shown) == (False, False)
    Consensus.objects.filter(case=case, dimension="accuracy").update(label="A")
    assert VOID in page(cast, "annotation:case", case.pk)


def test_a_case_that_changed_after_its_adjudicator_signed_stays_out_of_a_release(cast: Cast) -> None:
    case, claim = disputed(cast)
    client = browser(cast.rosa)
    sit_down(client, "adjudicated")
    decide(client, claim)
    whole = freeze_preferences(study=cast.study, name="As signed", by=cast.lena)
    assert (whole.row_count, whole.left_out) == (1, {})
    Consensus.objects.filter(case=case, dimension="accuracy").update(label="A")
    with pytest.raises(EmptyRelease, match="changed after its adjudicator signed: 1"):
        freeze_preferences(study=cast.study, name="Changed", by=cast.lena)


def test_what_changed_in_the_decision_itself_is_seen(cast: Cast) -> None:
    case, claim = disputed(cast)
    client = browser(cast.rosa)
    sit_down(client, "adjudicated")
    decide(client, claim)
    guard = Refusal("annotation_adjudication")
    guard.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_adjudication SET comment = 'Another reason.'")
    guard.install(connection)
    assert VOID in page(cast, "annotation:case", case.pk)


def test_a_release_is_void_when_its_digest_changes_and_is_signed_anew(cast: Cast) -> None:
    release = signed_release(cast)
    shown = page(cast, "curation:release", release.pk)
    assert "Signed by Lena (lead), " in shown
    assert 'id="sign"' not in shown
    with transaction.atomic(), connection.cursor() as cursor:
        guard = Refusal("curation_release", verbs=("update",), when="OLD.id = NEW.id")
        guard.remove(connection)
        cursor.execute("UPDATE curation_release SET digest = %s", ["1" * 64])
    release.refresh_from_db()
    shown = page(cast, "curation:release", release.pk)
    assert VOID in shown
    assert 'id="sign"' in shown
    assert standing_lines(release) == []
    held = sitting(cast.study, cast.lena, Purpose.RELEASE)
    sign_release(release=release, by=cast.lena, sitting=held)
    assert len(standing_lines(release)) == 1


def test_two_leads_sign_and_each_only_once(cast: Cast) -> None:
    release = signed_release(cast)
    unused = sitting(cast.study, cast.lena, Purpose.RELEASE)
    sign_release(release=release, by=cast.lena, sitting=unused)
    sign_release(release=release, by=cast.max, sitting=sitting(cast.study, cast.max, Purpose.RELEASE))
    assert list(Signature.objects.values_list("printed_name", flat=True)) == ["Lena", "Max"]
    with pytest.raises(NotAllowed):
        sign_release(release=release, by=cast.rosa, sitting=unused)


def test_a_sitting_for_a_release_signs_one(cast: Cast) -> None:
    held = sitting(cast.study, cast.lena, Purpose.RELEASE)
    sign_release(release=frozen(cast, 1), by=cast.lena, sitting=held)
    with pytest.raises(NotSigned):
        sign_release(release=frozen(cast, 2), by=cast.lena, sitting=held)
    assert Signature.objects.count() == 1


def test_a_withdrawal_is_signed_with_its_reason(cast: Cast) -> None:
    release, client = frozen(cast), browser(cast.lena)
    address = reverse("curation:withdraw-release", args=["chest", release.pk])
    asked = client.post(address, {"reason": "A patient objected.", "password": "wrong"})
    assert 'name="reason" value="A patient objected."' in asked.content.decode()
    release.refresh_from_db()
    assert release.state == "frozen"
    client.post(address, {"reason": "A patient objected.", "password": PASSWORD})
    release.refresh_from_db()
    assert release.state == "withdrawn"
    assert "“I withdraw this data.”" in page(cast, "curation:release", release.pk)
    Release.objects.update(withdrawn_reason="Another reason.")
    assert VOID in page(cast, "curation:release", release.pk)
    release.refresh_from_db()
    with pytest.raises(NotSignable):
        sign_release(release=release, by=cast.lena, sitting=sitting(cast.study, cast.lena, Purpose.RELEASE))


def test_what_fails_after_a_refused_signature_is_undone(cast: Cast) -> None:
    release = frozen(cast)
    with pytest.raises(NotSigned):
        withdraw_release(
            release=release,
            reason="No.",
            by=cast.lena,
            sitting=sitting(cast.study, cast.max, Purpose.RELEASE),
        )
    assert Release.objects.get().state == "frozen"


def test_a_study_may_let_only_signed_releases_be_used(cast: Cast, tmp_path: Path) -> None:
    release = frozen(cast)
    check_signed(release)
    voting.set_up(cast.study, releases_signed=True)
    release.refresh_from_db()
    with pytest.raises(ReleaseUnsigned, match="is not signed; a lead signs it"):
        write_export(release, tmp_path / "unsigned")
    with pytest.raises(ReleaseUnsigned):
        check_trainable(cast.study, release)
    sign_release(release=release, by=cast.lena, sitting=sitting(cast.study, cast.lena, Purpose.RELEASE))
    assert check_trainable(cast.study, release) == release
    assert write_export(release, tmp_path / "signed").exists()


def test_an_export_tells_role_meaning_day_and_pseudonym_and_keeps_the_digest(
    cast: Cast, tmp_path: Path
) -> None:
    cast.lena.display_name = "Lena Lehmann"
    cast.lena.save()
    release = signed_release(cast)
    folder = write_export(release, tmp_path / "out")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    signature = Signature.objects.get()
    assert manifest["signatures"] == [
        {
            "id": pseudonym(cast.study.pk, cast.lena.pk),
            "role": "lead",
            "meaning": "I release this data.",
            "created": f"{signature.at:%Y-%m-%d}",
        }
    ]
    card = (folder / "README.md").read_text()
    assert f"- A lead, {signature.at:%Y-%m}: I release this data." in card
    assert "Lehmann" not in card + json.dumps(manifest)
    del manifest["digest"]
    assert digest_of(manifest) == release.digest
    unsigned = write_export(frozen(cast, 2), tmp_path / "unsigned")
    assert "\nNot signed." in (unsigned / "README.md").read_text()


def run(monkeypatch: pytest.MonkeyPatch, entered: str, *words: str) -> Any:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{entered}\n"))
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_commands_sign_with_the_password_of_the_named_lead(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen(cast)
    freeze = ("freeze", "chest", "traces", "--name")
    assert run(monkeypatch, "", *freeze, "Plain")["signed"] is False
    with pytest.raises(CommandError, match="That is not your password"):
        run(monkeypatch, "wrong", *freeze, "Wrong", "--by", "lena", "--sign")
    with pytest.raises(CommandError, match="--sign needs --by"):
        run(monkeypatch, PASSWORD, *freeze, "Nobody", "--sign")
    assert not Release.objects.filter(name__in=("Wrong", "Nobody")).exists()
    made = run(monkeypatch, PASSWORD, *freeze, "Signed", "--by", "lena", "--sign")
    assert made["signed"] is True
    release = Release.objects.get(name="Signed")
    assert [line.name for line in standing_lines(release)] == ["Lena"]
    withdraw = ("withdraw", release.digest, "--reason", "Wrong.", "--by", "max", "--sign")
    assert run(monkeypatch, PASSWORD, *withdraw)["signed"] is True
    assert set(Signature.objects.values_list("meaning", flat=True)) == {"released", "withdrawn"}
    assert {one.method for one in Sitting.objects.all()} == {"password"}
