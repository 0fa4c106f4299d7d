"""The registry of models: the program's own file, what operators say instead, and what can be asked here."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.inference import model_entries
from consilium.inference.change_entry import EntryRefused, add_entry, change_entry, restore_entry
from consilium.inference.endpoints import add_endpoint, retire_endpoint
from consilium.inference.model_entries import (
    FACTS,
    GROUPS,
    entries_of,
    entry_lines,
    find_entry,
    known_entries,
)
from consilium.inference.models import EntryChange, ModelEndpoint, Reply
from consilium.inference.refusals import EndpointRefused
from consilium.people.permissions import NotAllowed
from tests.factories.cast import Cast

PAPER = Path(settings.BASE_DIR) / "benchmark/data/medrewardbench_tables.json"
URL = "http://127.0.0.1:8000/v1"


def state_of(key: str, cast: Cast) -> str:
    return next(line.state for line in entry_lines(cast.study) if line.entry.key == key)


def file_that_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **facts: str) -> None:
    """The next version of the program, with other facts of Qwen2-VL-7B."""
    data = json.loads(model_entries.FILE.read_text())
    entry = next(entry for entry in data["entries"] if entry["key"] == "qwen2-vl-7b")
    entry |= facts
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(data))
    monkeypatch.setattr(model_entries, "FILE", newer)
    model_entries.shipped_entries.cache_clear()


@pytest.fixture(autouse=True)
def own_file() -> Any:
    yield
    model_entries.shipped_entries.cache_clear()


@pytest.mark.django_db
def test_every_row_of_the_papers_table_has_exactly_one_entry() -> None:
    rows = json.loads(PAPER.read_text())["table2_overall_by_organ"]
    stated = [entry.paper_row for entry in known_entries().values() if entry.paper_row]
    assert sorted(stated) == sorted(rows)
    baselines = {e.paper_row for e in known_entries().values() if e.group == "trained"}
    assert baselines == {"Qwen2-VL-Judge(SFT)", "Qwen2-VL-DPO"}
    assert len(stated) - len(baselines) == 32


def test_the_file_says_where_each_fact_stands_and_what_is_not_known() -> None:
    entries = json.loads(model_entries.FILE.read_text())["entries"]
    keys = [entry["key"] for entry in entries]
    assert len(set(keys)) == len(keys)
    for entry in entries:
        assert set(entry) == {"key", "paper_row", *FACTS}, entry["key"]
        assert model_entries.KEY.fullmatch(entry["key"])
        assert entry["group"] in GROUPS
        assert entry["name"]
        assert entry["family"]
        assert entry["sources"]
        assert all(source.startswith("https://") for source in entry["sources"])
        # A model that cannot be had says why; one that can be had has a name for a server.
        assert entry["unavailable"] or entry["hub_id"] or entry["api_name"], entry["key"]
        if entry["group"] in ("open", "medical") and not entry["licence"]:
            assert "licence" in entry["notes"].casefold(), entry["key"]


def test_what_an_operator_says_outlives_the_next_version_and_the_rest_follows_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change_entry(key="qwen2-vl-7b", facts={"serving": "On the big host."}, by=cast.otto)
    file_that_says(monkeypatch, tmp_path, serving="Somewhere else.", licence="mit", name="Qwen2 of 7B")
    found = find_entry("qwen2-vl-7b")
    assert found is not None
    assert (found.serving, found.licence, found.name) == ("On the big host.", "mit", "Qwen2 of 7B")
    assert found.shipped == {"serving": "Somewhere else."}


def test_a_fact_that_agrees_with_the_file_is_not_kept(cast: Cast) -> None:
    stated = find_entry("qwen2-vl-7b")
    assert stated is not None
    change_entry(
        key="qwen2-vl-7b", facts={name: getattr(stated, name) for name in FACTS} | {"size": "8B"}, by=None
    )
    assert EntryChange.objects.get().facts == {"size": "8B"}
    change_entry(key="qwen2-vl-7b", facts={"size": "7B"}, by=None)
    assert EntryChange.objects.get().facts == {}
    change_entry(key="qwen2-vl-7b", facts={"size": "7B"}, by=None)
    assert AuditEvent.objects.filter(action="model_entry.changed").count() == 2


def test_the_record_says_who_changed_what_and_it_can_be_restored(cast: Cast) -> None:
    change_entry(key="gpt-4o", facts={"unavailable": "No contract."}, by=cast.otto)
    event = AuditEvent.objects.get(action="model_entry.changed")
    assert (event.actor, event.study) == (cast.otto, None)
    assert event.data == {"key": "gpt-4o", "fields": {"unavailable": "No contract."}}
    assert restore_entry(key="gpt-4o", by=cast.otto).unavailable == ""


@pytest.mark.parametrize(
    ("key", "facts", "reason"),
    [
        ("nobody", {"size": "7B"}, "knows no model"),
        ("gpt-4o", {"name": " "}, "needs a name"),
        ("gpt-4o", {"colour": "red"}, "no field 'colour'"),
        ("gpt-4o", {"group": "best"}, "one of open, medical"),
        ("gpt-4o", {"notes": "x" * 2001}, "longer than"),
        ("gpt-4o", {"prompt_price": "2,50"}, "US dollars for a million tokens"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    cast: Cast, key: str, facts: dict[str, str], reason: str
) -> None:
    with pytest.raises(EntryRefused, match=reason):
        change_entry(key=key, facts=facts, by=None)
    assert not EntryChange.objects.exists()


def test_a_price_is_known_when_an_operator_said_both_parts(cast: Cast) -> None:
    assert not [key for key, entry in known_entries().items() if entry.prices]
    half = change_entry(key="gpt-4o", facts={"prompt_price": "2.50"}, by=cast.otto)
    assert half.prices is None
    whole = change_entry(key="gpt-4o", facts={"completion_price": "10"}, by=cast.otto)
    assert whole.prices == (2.5e-6, 1e-5)
    made = add_endpoint(name="hosted", by=cast.lena, study=cast.study, url=URL, entry_key="gpt-4o")
    other = add_endpoint(
        name="other", by=cast.lena, study=cast.study, url=URL, model_id="nobody/knows", family="x"
    )
    assert entries_of([made, other]) == {made.pk: whole}


def test_only_operators_change_the_registry(cast: Cast) -> None:
    for act in (
        lambda: change_entry(key="gpt-4o", facts={"size": "1B"}, by=cast.lena),
        lambda: add_entry(key="ours", facts={"name": "Ours", "family": "ours"}, by=cast.lena),
        lambda: restore_entry(key="gpt-4o", by=cast.lena),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_model_of_the_site_is_added_and_stays_beside_the_programs_own(cast: Cast) -> None:
    add_entry(key="ours-7b", facts={"name": "Ours", "family": "ours", "hub_id": "us/ours"}, by=cast.otto)
    assert list(known_entries())[-1] == "ours-7b"
    with pytest.raises(EntryRefused, match="already"):
        add_entry(key="ours-7b", facts={"name": "Ours", "family": "ours"}, by=cast.otto)
    with pytest.raises(EntryRefused, match="nothing to go back to"):
        restore_entry(key="ours-7b", by=cast.otto)
    with pytest.raises(EntryRefused, match="small letters"):
        add_entry(key="Ours", facts={"name": "Ours", "family": "ours"}, by=cast.otto)


def test_a_models_state_is_what_can_be_asked_here(cast: Cast) -> None:
    assert (state_of("qwen2-vl-7b", cast), state_of("claude-3.5", cast)) == ("unserved", "unavailable")
    made = add_endpoint(name="judge", by=cast.lena, study=cast.study, url=URL, entry_key="qwen2-vl-7b")
    assert (made.family, made.model_id, made.entry_key) == (
        "qwen2-vl",
        "Qwen/Qwen2-VL-7B-Instruct",
        "qwen2-vl-7b",
    )
    assert state_of("qwen2-vl-7b", cast) == "added"
    Reply.objects.create(endpoint=made, study=cast.study, request_sha256="0" * 64, text="A")
    assert state_of("qwen2-vl-7b", cast) == "answered"
    retire_endpoint(endpoint=made, by=cast.lena)
    assert state_of("qwen2-vl-7b", cast) == "unserved"


def test_an_endpoint_made_by_hand_counts_for_the_model_it_asks_for(cast: Cast) -> None:
    add_endpoint(name="by hand", by=cast.lena, study=cast.study, url=URL, model_id="gpt-6-luna", family="x")
    assert state_of("gpt-6-luna", cast) == "added"


def test_another_studys_endpoint_is_no_endpoint_here(cast: Cast) -> None:
    add_endpoint(name="theirs", by=None, study=cast.other_study, url=URL, entry_key="qwen2-vl-7b")
    assert state_of("qwen2-vl-7b", cast) == "unserved"


def test_an_endpoint_of_an_unknown_model_is_refused(cast: Cast) -> None:
    with pytest.raises(EndpointRefused, match="knows no model"):
        add_endpoint(name="x", by=None, url=URL, model_id="x", family="x", entry_key="nobody")
    assert not ModelEndpoint.objects.exists()


def test_the_page_finds_models_by_words_kind_and_state(cast: Cast, client: Client) -> None:
    client.force_login(cast.lena)
    page = reverse("calls:entries", kwargs={"study": cast.study.slug})
    everything = client.get(page).content.decode()
    assert everything.count('class="row-link"') == len(known_entries())
    assert "Retired by its maker on 28 October 2025." in everything
    found = client.get(page, {"q": "qwen2-vl 72B"}).content.decode()
    assert found.count('class="row-link"') == 1
    assert "Qwen2-VL-72B" in found
    medical = client.get(page, {"group": "medical", "state": "unavailable"}).content.decode()
    assert ("Med-Flamingo" in medical, "GPT-4o" in medical) == (True, False)
    assert "No model fits" in client.get(page, {"q": "no such thing"}).content.decode()
    assert client.get(page, {"q": "\0", "group": "x", "state": "x"}).status_code == 200


def test_an_endpoint_is_made_from_the_page_of_a_model(cast: Cast, client: Client) -> None:
    client.force_login(cast.lena)
    slug = {"study": cast.study.slug}
    shown = client.get(reverse("calls:entry", kwargs=slug | {"key": "qwen2.5-vl-7b"})).content.decode()
    address = reverse("calls:add-remote", kwargs=slug)
    assert f"{address}?entry=qwen2.5-vl-7b" in shown
    form = client.get(address, {"entry": "qwen2.5-vl-7b"}).context["form"]
    assert form.initial["model_id"] == "Qwen/Qwen2.5-VL-7B-Instruct"
    client.post(address, form.initial | {"url": URL})
    made = ModelEndpoint.objects.get()
    assert (made.family, made.entry_key, made.study) == ("qwen2.5-vl", "qwen2.5-vl-7b", cast.study)
    assert client.get(reverse("calls:entry", kwargs=slug | {"key": "nobody"})).status_code == 404
    assert client.get(address, {"entry": "\0nobody"}).status_code == 200


def test_an_operator_edits_the_registry_on_its_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.otto)
    page = reverse("calls:edit-entry", kwargs={"key": "meddr"})
    values = client.get(page).context["form"].initial
    assert client.post(page, values | {"licence": "unknown-1.0"}).status_code == 302
    assert "own file says" in client.get(page).content.decode()
    assert EntryChange.objects.get().facts == {"licence": "unknown-1.0"}
    client.post(reverse("calls:restore-entry", kwargs={"key": "meddr"}))
    assert EntryChange.objects.get().facts == {}
    new = client.post(
        reverse("calls:new-entry"), {"key": "ours", "name": "Ours", "group": "open", "family": "o"}
    )
    assert (new.status_code, find_entry("ours") is not None) == (302, True)
    refused = client.post(
        reverse("calls:new-entry"), {"key": "ours", "name": "O", "group": "open", "family": "o"}
    )
    assert (refused.status_code, b"already" in refused.content) == (422, True)


def test_the_command_lists_and_changes_models(cast: Cast) -> None:
    def said(*words: str) -> Any:
        out = StringIO()
        call_command("endpoint", *words, "--json", stdout=out)
        return json.loads(out.getvalue())

    assert [entry["key"] for entry in said("entries", "internvl", "40b")["entries"]] == ["internvl2-40b"]
    assert said("entry", "meddr", "--set", "size=40B", "licence=x=y")["changed"] == ["licence", "size"]
    assert said("entry", "meddr")["licence"] == "x=y"
    assert said("entry", "meddr", "--restore")["changed"] == []
    assert said("entry", "ours", "--set", "name=Ours", "family=ours")["name"] == "Ours"
    with pytest.raises(CommandError, match="FIELD=TEXT"):
        said("entry", "meddr", "--set", "size")
    with pytest.raises(CommandError, match="knows no model"):
        said("entry", "nobody")
    made = said("add", "judge", "--url", URL, "--entry", "qwen2-vl-7b")
    assert (made["entry"], made["family"]) == ("qwen2-vl-7b", "qwen2-vl")
