"""Names of refused files are shown while the report is fresh; what stays for long names nobody."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from curation.imports.plan import file_name_hash
from curation.imports.refused_names import NoNames, drop_names, drop_old_names
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Image, Import
from tests.factories import curation as making
from tests.factories.cast import Cast

NAMES = ("SMITH_JOHN_1961", "MUELLER", "O'Brien", "KOWALSKI")


@pytest.fixture
def batch(cast: Cast) -> Import:
    """An import with names in files, folders, fields, ids and paths, each refused for another reason."""
    lines = [
        {"id": "MUELLER-1", "question": "x?", "images": ["SMITH_JOHN_1961.dcm"]},
        {"id": "MUELLER-1", "question": "x?", "images": ["ok.png"]},
        {"id": "Q2", "question": "x?", "images": ["O'Brien's \"KOWALSKI\".png"]},
        {"id": "Q3", "question": "x?", "images": ["ok.png"], "MUELLER": 1},
        {"id": "Q4", "question": "x?", "images": ["ok.png"], "specialty": "KOWALSKI"},
        {
            "id": "Q5",
            "question": "x?",
            "images": ["ok.png"],
            "options": {"A": "a", "B": "b"},
            "answer": "MUELLER",
        },
    ]
    asked = "\n".join(json.dumps(line) for line in lines).encode()
    files = [
        Upload("ward/ok.png", [making.png((1, 2, 3))]),
        Upload("SMITH_JOHN_1961.dcm", [b"no image"]),
        Upload("KOWALSKI/questions.jsonl", [asked]),
    ]
    made = start_import(study=cast.study, source=making.source(cast.study), files=files, by=cast.lena)
    assert run_now(made.job).state == "succeeded"
    made.refresh_from_db()
    return made


def kept_of(cast: Cast) -> str:
    """Everything that is stored of imports, but for the names that are fresh."""
    rows = [
        *Import.objects.values("refused", "files"),
        *Job.objects.values("params", "result", "progress_note"),
    ]
    rows += [*AuditEvent.objects.values("data", "reason"), *Image.objects.values()]
    return json.dumps(rows, default=str)


def test_what_stays_of_a_refused_file_is_its_place_a_keyed_hash_and_why(cast: Cast, batch: Import) -> None:
    assert [each["item"] for each in batch.refused_names][:2] == [
        "SMITH_JOHN_1961.dcm",
        "KOWALSKI/questions.jsonl line 1",
    ]
    assert [each["item"] for each in batch.refused][:2] == ["file 2", "file 3 line 1"]
    assert batch.refused[0]["name"] == file_name_hash(cast.study, "SMITH_JOHN_1961.dcm")
    assert batch.refused[0]["name"] != file_name_hash(cast.other_study, "SMITH_JOHN_1961.dcm")
    assert [each["reason"] for each in batch.refused][1] == "its image … was refused"
    assert len(batch.refused) == len(batch.refused_names) >= 6
    assert [name for name in NAMES if name.casefold() in kept_of(cast).casefold()] == []


def test_names_go_when_a_lead_has_seen_them(cast: Cast, batch: Import, client: Client) -> None:
    page = reverse("curation:import", args=["chest", batch.pk])
    client.force_login(cast.lena)
    assert "SMITH_JOHN_1961.dcm" in client.get(page).content.decode()
    said = client.post(
        reverse("curation:seen-import", args=["chest", batch.pk]), follow=True
    ).content.decode()
    assert "The names are deleted" in said
    assert "SMITH" not in said
    assert "file 2" in said
    batch.refresh_from_db()
    assert batch.refused_names == []
    assert AuditEvent.objects.get(action="import.names_dropped").actor == cast.lena
    with pytest.raises(NoNames):
        drop_names(batch=batch, by=cast.lena)
    with pytest.raises(NotAllowed):
        drop_names(batch=batch, by=cast.rosa)


@pytest.mark.parametrize(("days", "goes"), [(6, False), (8, True)])
def test_names_go_after_a_week_unseen(batch: Import, days: int, goes: bool) -> None:
    Import.objects.update(created_at=timezone.now() - timedelta(days=days))
    assert drop_old_names() == goes
    batch.refresh_from_db()
    assert (batch.refused_names == []) == goes


def test_a_reason_that_names_a_file_unquoted_is_not_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The net under the rule that reasons quote what comes from a file."""
    from curation.imports import refused_names
    from curation.imports.deidentify import RefusedItem

    item: Any = RefusedItem("a.png", "no image like MUELLER.PNG is here", "file 1")
    (kept,) = refused_names.without_names(cast.study, [item], ["x/mueller.png"])
    assert kept["reason"] == refused_names.UNSAID
