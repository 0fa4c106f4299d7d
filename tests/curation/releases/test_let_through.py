"""What the gate refused leaves once two leads have said why; an identifier, or another release, never."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.jobs.run import run_now
from consilium.people.models import Membership
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from curation.imaging.fingerprints import date_tokens, fingerprints_of
from curation.keys import study_key
from curation.models import Export, Image, LetThrough, Release, TraceStep
from curation.releases.export import start_export, write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import withdraw_release
from curation.releases.gather import freeze_traces
from curation.releases.let_through import (
    LetThroughRefused,
    ask_to_let_through,
    confirm_let_through,
    decline_let_through,
)
from tests.factories import curation as making
from tests.factories.cast import Cast

DATED = "The guideline of 12 March 2024 holds."
WHY = "The day of a guideline."
AGREED = "I read it: no patient."


def release_saying(cast: Cast, text: str, name: str = "First", number: int = 1) -> Release:
    of = making.source(cast.study, f"Archive {number}")
    trace = making.trace(making.question(cast.study, of, number), making.endpoint())
    TraceStep.objects.filter(trace=trace, position=1).update(text=text)
    return freeze_traces(study=cast.study, name=name, by=cast.lena)


def refused_export(release: Release, cast: Cast, layout: str = "hub") -> Export:
    export = start_export(release=release, by=cast.lena, layout=layout)
    assert run_now(export.job).state == "failed"
    export.refresh_from_db()
    return export


def test_two_leads_with_a_reason_each_let_a_date_through_in_every_layout(cast: Cast, tmp_path: Path) -> None:
    release = release_saying(cast, DATED)
    export = refused_export(release, cast)
    asked = ask_to_let_through(export=export, reason=WHY, by=cast.lena)
    with pytest.raises(ExportRefused, match="it holds a date"):
        write_export(release, tmp_path / "early")
    confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    for layout in ("hub", "jsonl"):
        again = start_export(release=release, by=cast.lena, layout=layout)
        assert run_now(again.job).state == "succeeded"
    folder = write_export(release, tmp_path / "out")
    manifest = (folder / "MANIFEST.json").read_text() + (folder / "MANIFEST.jsonl").read_text()
    card = (folder / "README.md").read_text()
    section = card[card.index("## Let through") :]
    assert section.split("\n")[2] == f"- A date, 1 place, {asked.asked_at:%Y-%m}: let through by two leads."
    assert json.loads((folder / "MANIFEST.json").read_text())["digest"] == release.digest
    for told in (WHY, AGREED, "March", asked.digest, "Lena", "Max"):
        assert told not in card + manifest, told


def test_it_is_on_record_without_the_text(cast: Cast) -> None:
    release = release_saying(cast, DATED)
    asked = ask_to_let_through(export=refused_export(release, cast), reason=WHY, by=cast.lena)
    confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    events = AuditEvent.objects.filter(action__startswith="let_through.").order_by("sequence")
    assert [(event.action, event.actor, event.reason) for event in events] == [
        ("let_through.asked", cast.lena, WHY),
        ("let_through.confirmed", cast.max, AGREED),
    ]
    assert {event.data["digest"] for event in events} == {release.digest}
    assert {(event.data["kind"], event.data["text"]) for event in events} == {("date", asked.digest)}
    assert "March" not in str(list(AuditEvent.objects.values())) + str(list(LetThrough.objects.values()))


def test_nobody_is_two_leads_and_only_leads_ask_and_agree(cast: Cast) -> None:
    export = refused_export(release_saying(cast, DATED), cast)
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            ask_to_let_through(export=export, reason=WHY, by=person)
    with pytest.raises(ReasonMissing):
        ask_to_let_through(export=export, reason=" ", by=cast.lena)
    asked = ask_to_let_through(export=export, reason=WHY, by=cast.lena)
    with pytest.raises(LetThroughRefused, match="another lead has to agree"):
        confirm_let_through(asked=asked, reason=AGREED, by=cast.lena)
    assert ask_to_let_through(export=export, reason="Again.", by=cast.max) == asked
    with pytest.raises(NotAllowed):
        confirm_let_through(asked=asked, reason=AGREED, by=cast.anna)
    with pytest.raises(ReasonMissing):
        confirm_let_through(asked=asked, reason="", by=cast.max)
    Membership.objects.filter(person=cast.max).update(role="annotator")
    with pytest.raises(NotAllowed):
        confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    with pytest.raises(IntegrityError), transaction.atomic():
        LetThrough.objects.filter(pk=asked.pk).update(
            confirmed_by=cast.lena, confirmed_reason=AGREED, confirmed_at=asked.asked_at
        )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Ask someone@clinic.example.", "an e-mail address"),
        ("As Doctor Whoever said.", "the name of an account"),
        ("Mr Johann Krawczyk was seen.", "a person's name"),
        ("See MRN 4711-0815.", "a record number"),
        ("Aged 97 years.", "an age over 89"),
        ("Use hf_" + "a" * 34, "an access token"),
    ],
)
def test_what_identifies_somebody_is_never_let_through(cast: Cast, text: str, rule: str) -> None:
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(display_name="Doctor Whoever")
    export = refused_export(release_saying(cast, text), cast)
    assert f"it holds {rule}" in export.job.error
    with pytest.raises(LetThroughRefused, match="nobody can let it through"):
        ask_to_let_through(export=export, reason=WHY, by=cast.lena)
    fields = {"release": export.release, "digest": "0" * 64, "asked_by": cast.lena, "asked_reason": WHY}
    with pytest.raises(IntegrityError), transaction.atomic():
        LetThrough.objects.create(kind=export.refused_kind or "name", **fields)


def test_a_day_that_an_image_header_holds_stays_refused(cast: Cast, tmp_path: Path) -> None:
    release = release_saying(cast, DATED)
    asked = ask_to_let_through(export=refused_export(release, cast), reason=WHY, by=cast.lena)
    confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    prints = fingerprints_of(date_tokens("2024-03-12"), study_key(cast.study, "imaging"))
    Image.objects.update(fingerprints=list(prints))
    with pytest.raises(ExportRefused, match="an identifier from an image header") as refused:
        write_export(release, tmp_path / "out")
    assert (refused.value.kind, list(tmp_path.iterdir())) == ("", [])


def test_an_unreviewed_image_is_never_let_through(cast: Cast) -> None:
    release = release_saying(cast, "A clear field.")
    Image.objects.update(state="quarantined")
    export = refused_export(release, cast)
    with pytest.raises(LetThroughRefused, match="nobody can let it through"):
        ask_to_let_through(export=export, reason=WHY, by=cast.lena)


def test_another_release_with_the_same_text_and_another_text_are_not_covered(
    cast: Cast, tmp_path: Path
) -> None:
    first = release_saying(cast, DATED)
    asked = ask_to_let_through(export=refused_export(first, cast), reason=WHY, by=cast.lena)
    confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    assert write_export(first, tmp_path / "first").exists()
    second = release_saying(cast, "Taken on 3 April 2023.", "Second", 2)
    with pytest.raises(ExportRefused, match="it holds a date"):
        write_export(second, tmp_path / "second")
    TraceStep.objects.filter(text="Taken on 3 April 2023.").update(text="A clear field.")
    third = freeze_traces(study=cast.study, name="Third", by=cast.lena)
    with pytest.raises(ExportRefused, match="it holds a date"):
        write_export(third, tmp_path / "third")
    withdraw_release(release=second, reason="wrong", by=cast.lena)


def test_declined_and_taken_back_it_holds_no_more_and_is_written_once(cast: Cast, tmp_path: Path) -> None:
    release = release_saying(cast, DATED)
    export = refused_export(release, cast)
    asked = ask_to_let_through(export=export, reason=WHY, by=cast.lena)
    decline_let_through(asked=asked, by=cast.max)
    with pytest.raises(LetThroughRefused, match="does not wait"):
        confirm_let_through(asked=asked, reason=AGREED, by=cast.max)
    with pytest.raises(ExportRefused, match="a date"):
        write_export(release, tmp_path / "out")
    again = ask_to_let_through(export=export, reason=WHY, by=cast.max)
    assert again.pk != asked.pk
    confirm_let_through(asked=again, reason=AGREED, by=cast.lena)
    with pytest.raises(LetThroughRefused, match="does not wait"):
        decline_let_through(asked=again, by=cast.max)
    for change in ({"digest": "0" * 64}, {"confirmed_reason": "Another."}, {"place": "elsewhere"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LetThrough.objects.filter(pk=again.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        LetThrough.objects.filter(pk=again.pk).delete()


def test_leads_do_it_on_the_page_of_the_release(cast: Cast, client: Client) -> None:
    release = release_saying(cast, DATED)
    export = refused_export(release, cast)
    page = reverse("curation:release", args=["chest", release.pk])
    client.force_login(cast.lena)
    assert "Ask to let it through" in client.get(page).content.decode()
    answer = client.post(
        reverse("curation:ask-let-through", args=["chest", export.pk]), {"reason": WHY}, follow=True
    )
    shown = answer.content.decode()
    assert "Another lead of this study has to agree." in shown
    assert "Waits for a second lead" in shown
    assert "Take it back" in shown
    assert "Ask to let it through" not in shown
    assert "Let this leave?" not in shown
    asked = LetThrough.objects.get()
    client.force_login(cast.max)
    assert "Let this leave?" in client.get(page).content.decode()
    address = reverse("curation:confirm-let-through", args=["chest", asked.pk])
    answer = client.post(address, {"reason": AGREED}, follow=True)
    assert "Export it again." in answer.content.decode()
    assert AGREED in answer.content.decode()
    refused = client.post(address, {"reason": AGREED}, follow=True)
    assert "does not wait for a second lead any more" in refused.content.decode()
