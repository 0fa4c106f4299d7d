"""Links to exports: who makes them, what they give to whom, when they end, and that the secret stays one."""

import io
import logging
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from time_machine import travel

from consilium.audit.models import AuditEvent
from consilium.jobs.run import run_now
from consilium.people.models import AttemptCount, Membership
from consilium.people.permissions import NotAllowed
from consilium.people.studies import change_settings
from curation.models import Export, ExportLink, Image, Source
from curation.releases.export import start_export
from curation.releases.export_links import (
    MOST_OPEN,
    MOST_USES,
    LinkRefused,
    LinkUnusable,
    make_export_link,
    revoke_export_link,
    take_by_link,
)
from curation.releases.freeze import withdraw_release
from curation.releases.gather import freeze_traces
from curation.releases.kept_exports import remove_export
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture
def export(cast: Cast) -> Export:
    making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    release = freeze_traces(study=cast.study, name="First", by=cast.lena)
    made = start_export(release=release, by=cast.lena, layout="jsonl")
    assert run_now(made.job).state == "succeeded"
    return Export.objects.select_related("release__study", "job").get(pk=made.pk)


def link_to(export: Export, cast: Cast, valid_for: str = "1 day") -> tuple[ExportLink, str]:
    return make_export_link(export=export, valid_for=valid_for, by=cast.lena)


def asked(token: str, client: Client | None = None) -> int:
    answer = (client or Client()).get(reverse("curation:take-export", args=[token]))
    if answer.streaming:
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return answer.status_code


def test_whoever_has_the_link_gets_the_zip_and_every_use_is_on_record(cast: Cast, export: Export) -> None:
    link, token = link_to(export, cast)
    for use in (1, 2):
        answer = Client().get(reverse("curation:take-export", args=[token]))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{export.folder}.zip"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert f"{export.folder}/MANIFEST.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
        event = AuditEvent.objects.filter(action="export.taken_by_link").latest("sequence")
        assert (event.actor, event.study) == (None, cast.study)
        assert event.data == {
            "digest": export.release.digest, "layout": "jsonl", "link": link.pk, "use": use,
        }  # fmt: skip
    link.refresh_from_db()
    assert (link.uses, link.used_at is not None) == (2, True)


@pytest.mark.parametrize(
    ("valid_for", "holds"),
    [("1 hour", timedelta(hours=1)), ("1 day", timedelta(days=1)), ("7 days", timedelta(days=7))],
)
def test_it_ends_after_the_chosen_time(cast: Cast, export: Export, valid_for: str, holds: timedelta) -> None:
    link, token = link_to(export, cast, valid_for)
    assert link.expires_at - link.created_at == holds
    with travel(link.expires_at - timedelta(seconds=5), tick=False):
        assert asked(token) == 200
    with travel(link.expires_at, tick=False):
        assert asked(token) == 404


def test_it_ends_when_it_is_taken_back_and_when_it_is_used_up(cast: Cast, export: Export) -> None:
    link, token = link_to(export, cast)
    revoke_export_link(link=link, by=cast.max)
    assert asked(token) == 404
    with pytest.raises(LinkRefused, match="taken back before"):
        revoke_export_link(link=link, by=cast.max)
    other, again = link_to(export, cast)
    ExportLink.objects.filter(pk=other.pk).update(uses=MOST_USES - 1)
    assert (asked(again), asked(again)) == (200, 404)
    events = AuditEvent.objects.filter(action__startswith="export.").order_by("sequence")
    made, revoked, *_ = [event for event in events if "link" in event.action]
    assert (made.action, made.actor) == ("export.link_made", cast.lena)
    assert made.data["expires"].startswith(f"{link.expires_at:%Y-%m-%dT%H:%M}")
    assert (revoked.action, revoked.actor, revoked.data["link"]) == ("export.link_revoked", cast.max, link.pk)


def _withdraw(cast: Cast, export: Export) -> None:
    withdraw_release(release=export.release, reason="wrong", by=cast.lena)


def _refuse_image(cast: Cast, export: Export) -> None:
    Image.objects.update(state="refused")


def _close_source(cast: Cast, export: Export) -> None:
    Source.objects.update(may_redistribute=False)


def _want_signatures(cast: Cast, export: Export) -> None:
    change_settings(study=cast.study, changes={"releases_signed": True}, by=cast.lena)


def _remove(cast: Cast, export: Export) -> None:
    remove_export(export)


def _maker_leads_no_more(cast: Cast, export: Export) -> None:
    Membership.objects.filter(person=cast.lena).update(role="annotator")


def _maker_is_switched_off(cast: Cast, export: Export) -> None:
    type(cast.lena).objects.filter(pk=cast.lena.pk).update(is_active=False)


@pytest.mark.parametrize(
    "happens",
    [
        _withdraw, _refuse_image, _close_source, _want_signatures, _remove, _maker_leads_no_more,
        _maker_is_switched_off,
    ],
)  # fmt: skip
def test_each_use_is_looked_at_anew(cast: Cast, export: Export, happens: Any) -> None:
    link, token = link_to(export, cast)
    assert asked(token) == 200
    happens(cast, export)
    assert asked(token) == 404
    link.refresh_from_db()
    assert link.uses == 1


def test_only_leads_make_and_take_back_and_only_of_what_may_leave(cast: Cast, export: Export) -> None:
    link, _ = link_to(export, cast)
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            make_export_link(export=export, valid_for="1 day", by=person)
        with pytest.raises(NotAllowed):
            revoke_export_link(link=link, by=person)
    with pytest.raises(LinkRefused, match="1 hour, 1 day, 7 days"):
        link_to(export, cast, "for ever")
    for _ in range(MOST_OPEN - 1):
        link_to(export, cast)
    with pytest.raises(LinkRefused, match=f"{MOST_OPEN} open links"):
        link_to(export, cast)
    revoke_export_link(link=link, by=cast.lena)
    link_to(export, cast)
    remove_export(export)
    with pytest.raises(LinkRefused, match="not there"):
        link_to(export, cast)


def test_a_withdrawn_image_ends_the_download_of_leads_too(cast: Cast, export: Export, client: Client) -> None:
    client.force_login(cast.lena)
    address = reverse("curation:download-export", args=["chest", export.pk])
    answer = client.get(address)
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    Image.objects.update(state="refused")
    assert (answer.status_code, client.get(address).status_code) == (200, 404)


def test_wrong_guesses_from_one_address_are_slowed_down_and_right_ones_not_told_apart(
    cast: Cast, export: Export
) -> None:
    _, token = link_to(export, cast)
    guest = Client()
    got = [asked(f"{token[:-4]}{number:04}", guest) for number in range(25)]
    assert (got[0], got[-1]) == (404, 429)
    assert asked(token, guest) == 200
    with pytest.raises(LinkUnusable):
        take_by_link(token[:-1])
    assert AttemptCount.objects.exists()


def test_the_secret_is_in_no_row_and_no_log(
    cast: Cast, export: Export, client: Client, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    client.force_login(cast.lena)
    page = client.post(
        reverse("curation:make-export-link", args=["chest", export.pk]), {"valid_for": "7 days"}
    )
    (link,) = set(re.findall(r"http://testserver/take/([\w-]+)/", page.content.decode()))
    assert len(link) >= 43
    again = client.get(reverse("curation:release", args=["chest", export.release_id])).content.decode()
    assert link not in again
    with caplog.at_level(logging.DEBUG):
        assert asked(link) == 200
        revoke_export_link(link=ExportLink.objects.get(), by=cast.lena)
        assert asked(link) == 404
    assert link not in capsys.readouterr().err
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert link not in repr(cursor.fetchall()), table


def test_leads_make_see_and_take_back_links_on_the_page_of_the_release(
    cast: Cast, export: Export, client: Client
) -> None:
    client.force_login(cast.lena)
    make = reverse("curation:make-export-link", args=["chest", export.pk])
    page = client.post(make, {"valid_for": "1 hour"}).content.decode()
    assert "Link, shown once" in page
    assert "used 0 of 20 times" in page
    assert "data-copy=" in page
    refused = client.post(make, {"valid_for": "a year"}, follow=True)
    assert "Choose how long the link holds" in refused.content.decode()
    revoke = reverse("curation:revoke-export-link", args=["chest", ExportLink.objects.get().pk])
    page = client.post(revoke, follow=True).content.decode()
    assert "The link no longer works." in page
    assert "Open links" not in page


def test_the_front_server_logs_no_link() -> None:
    conf = (Path(__file__).resolve().parents[3] / "docs" / "deploy" / "nginx.conf").read_text()
    (block,) = [part for part in conf.split("location ") if "(join|take)" in part]
    assert "access_log off;" in block
