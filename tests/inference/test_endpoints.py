"""Who may add which model, from pages and from the command line."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.inference.endpoints import add_endpoint, retire_endpoint
from consilium.inference.forms import unregistered_folders
from consilium.inference.models import EndpointShare, ModelEndpoint
from consilium.inference.permissions import check_may_ask
from consilium.inference.refusals import EndpointNameTaken, EndpointRefused
from consilium.inference.shares import share_endpoint
from consilium.people.permissions import NotAllowed
from tests.factories.cast import Cast
from tests.factories.model_folders import add_score_head, make_folder
from tests.factories.training import run_of

REMOTE: dict[str, Any] = {"url": "http://127.0.0.1:8000/v1", "model_id": "big", "family": "qwen"}


@pytest.fixture(autouse=True)
def models_folder(settings: Any, tmp_path: Path) -> Path:
    folder = settings.MODELS_FOLDER = tmp_path / "models"
    make_folder(folder / "tiny")
    return folder


def test_a_lead_adds_a_remote_model_and_the_record_names_it(cast: Cast) -> None:
    endpoint = add_endpoint(name="big one", by=cast.lena, study=cast.study, **REMOTE)
    assert (endpoint.base_url, endpoint.is_hosted, endpoint.outputs_may_train) == (REMOTE["url"], False, True)
    event = AuditEvent.objects.get(action="endpoint.added")
    assert (event.actor, event.study, event.data["where"]) == (cast.lena, cast.study, "127.0.0.1:8000")


def test_another_machine_counts_as_hosted_until_somebody_says_otherwise(cast: Cast, settings: Any) -> None:
    settings.MODEL_HOSTS = ["models.example"]
    far = REMOTE | {"url": "https://models.example/v1"}
    careful = add_endpoint(name="a", by=None, **far)
    declared = add_endpoint(name="b", by=None, is_hosted=False, **far)
    assert (careful.is_hosted, careful.outputs_may_train) == (True, False)
    assert (declared.is_hosted, declared.outputs_may_train) == (False, True)


def test_a_local_model_gets_the_hash_of_its_files_as_revision(cast: Cast, models_folder: Path) -> None:
    endpoint = add_endpoint(name="tiny", by=cast.lena, study=cast.study, path=str(models_folder / "tiny"))
    assert (endpoint.path, endpoint.family, len(endpoint.revision)) == ("tiny", "gemma3", 64)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "either the address"),
        (REMOTE | {"path": "tiny"}, "either the address"),
        (REMOTE | {"url": "http://169.254.169.254/v1"}, "not among the addresses"),
        (REMOTE | {"model_id": " "}, "model name that the server knows"),
        (REMOTE | {"family": ""}, "family"),
        ({"path": "nothing"}, "no such folder"),
        ({"path": "../../etc"}, "inside the models folder|no such folder"),
        (REMOTE | {"provenance": {"releases": ["abc"]}}, "full digest"),
        (REMOTE | {"name": "bad\nname"}, "name starts with"),
        (REMOTE | {"name": "x" * 121}, "name starts with"),
    ],
)
def test_what_cannot_be_asked_is_not_added(cast: Cast, fields: dict[str, Any], reason: str) -> None:
    usual: dict[str, Any] = {"name": "x", "by": cast.lena, "study": cast.study}
    with pytest.raises(EndpointRefused, match=reason):
        add_endpoint(**usual | fields)
    assert not ModelEndpoint.objects.exists()
    assert not AuditEvent.objects.filter(action="endpoint.added").exists()


def test_a_name_is_given_once(cast: Cast) -> None:
    add_endpoint(name="x", by=cast.lena, study=cast.study, **REMOTE)
    with pytest.raises(EndpointNameTaken):
        add_endpoint(name="x", by=cast.lena, study=cast.study, **REMOTE)


def test_only_leads_add_and_only_operators_for_every_study(cast: Cast) -> None:
    for person in (cast.anna, cast.rosa, cast.nora):
        with pytest.raises(NotAllowed):
            add_endpoint(name="x", by=person, study=cast.study, **REMOTE)
    with pytest.raises(NotAllowed):
        add_endpoint(name="x", by=cast.lena, **REMOTE)
    assert add_endpoint(name="x", by=cast.otto, **REMOTE).study is None


def test_a_folder_of_another_study_stays_with_it(cast: Cast, models_folder: Path) -> None:
    make_folder(models_folder / "runs" / "run-1" / "model")
    add_endpoint(name="theirs", by=None, study=cast.other_study, path="runs/run-1/model")
    for study in (cast.study, None):
        with pytest.raises(EndpointRefused, match="another study"):
            add_endpoint(name="mine", by=None, study=study, path="runs/run-1/model")
    add_endpoint(name="again", by=None, study=cast.other_study, path="runs/run-1/model")


def test_a_model_is_asked_by_its_own_study_while_it_is_in_use(cast: Cast) -> None:
    own = add_endpoint(name="own", by=cast.lena, study=cast.study, **REMOTE)
    shared = add_endpoint(name="shared", by=cast.otto, **REMOTE)
    check_may_ask(own, study=cast.study)
    check_may_ask(shared, study=cast.other_study)
    with pytest.raises(EndpointRefused, match="no such model"):
        check_may_ask(own, study=cast.other_study)
    retire_endpoint(endpoint=own, by=cast.lena)
    with pytest.raises(EndpointRefused, match="no longer in use"):
        check_may_ask(own, study=cast.study)
    with pytest.raises(EndpointRefused, match="out of use already"):
        retire_endpoint(endpoint=own, by=cast.lena)
    with pytest.raises(NotAllowed):
        retire_endpoint(endpoint=shared, by=cast.lena)
    assert set(ModelEndpoint.objects.for_study(cast.study).in_use()) == {shared}


def test_the_pages_add_show_and_retire(cast: Cast, client: Client) -> None:
    client.force_login(cast.lena)
    at = {"study": cast.study.slug}
    page = client.get(reverse("calls:endpoints", kwargs=at))
    assert "No model yet" in page.content.decode()
    posted = client.post(
        reverse("calls:add-remote", kwargs=at), REMOTE | {"name": "big one", "releases": "a" * 64}
    )
    assert posted.status_code == 302
    assert client.get(reverse("calls:add-local", kwargs=at)).status_code == 200
    posted = client.post(reverse("calls:add-local", kwargs=at), {"name": "small one", "path": "tiny"})
    assert posted.status_code == 302
    text = client.get(reverse("calls:endpoints", kwargs=at)).content.decode()
    assert "big one" in text
    assert "small one" in text
    assert "a" * 64 in text
    big = ModelEndpoint.objects.get(name="big one")
    client.post(reverse("calls:retire", kwargs=at | {"pk": big.pk}), {"reason": "too slow"})
    assert AuditEvent.objects.get(action="endpoint.retired").reason == "too slow"
    assert "Out of use" in client.get(reverse("calls:endpoints", kwargs=at)).content.decode()


@pytest.mark.parametrize(
    ("view", "fields", "reason"),
    [
        ("calls:add-remote", REMOTE | {"url": "http://evil.example/v1"}, "not among the addresses"),
        ("calls:add-remote", REMOTE | {"url": "https://gpu.example/v1"}, "is on another machine"),
        ("calls:add-remote", REMOTE | {"name": "taken"}, "already a model named taken"),
        ("calls:add-remote", REMOTE | {"releases": "abc"}, "full digest"),
        ("calls:add-local", {"path": "../.."}, "Select a valid choice"),
        ("calls:add-local", {"path": "spoiled"}, "x.pkl is of a kind"),
    ],
)
def test_a_refusal_is_shown_in_the_form(
    cast: Cast,
    client: Client,
    settings: Any,
    models_folder: Path,
    view: str,
    fields: dict[str, str],
    reason: str,
) -> None:
    settings.MODEL_HOSTS = ["127.0.0.1:8000", "gpu.example"]
    (make_folder(models_folder / "spoiled") / "x.pkl").touch()
    add_endpoint(name="taken", by=None, **REMOTE)
    client.force_login(cast.lena)
    page = client.post(reverse(view, kwargs={"study": cast.study.slug}), {"name": "new"} | fields)
    assert page.status_code == 200
    assert reason in page.content.decode()
    assert ModelEndpoint.objects.count() == 1


def test_pages_are_for_leads_of_the_study(cast: Cast, client: Client) -> None:
    endpoint = add_endpoint(name="x", by=cast.lena, study=cast.study, **REMOTE)
    at = {"study": cast.study.slug}
    gets = [reverse(f"calls:{name}", kwargs=at) for name in ("endpoints", "add-remote", "add-local")]
    retire = reverse("calls:retire", kwargs=at | {"pk": endpoint.pk})
    expected = {None: 302, cast.anna: 403, cast.rosa: 403, cast.otto: 404, cast.nora: 404}
    for person, status in expected.items():
        client.logout()
        if person is not None:
            client.force_login(person)
        assert [client.get(url).status_code for url in gets] == [status] * 3
        assert client.post(retire).status_code == status
    client.force_login(cast.lena)
    assert client.get(retire).status_code == 405
    foreign = add_endpoint(name="y", by=cast.nora, study=cast.other_study, **REMOTE)
    assert client.post(reverse("calls:retire", kwargs=at | {"pk": foreign.pk})).status_code == 404
    endpoint.refresh_from_db()
    assert endpoint.is_active


def command(*words: str) -> Any:
    out = StringIO()
    call_command("endpoint", *words, stdout=out)
    return json.loads(out.getvalue()) if "--json" in words else out.getvalue()


def test_the_command_adds_lists_and_retires(cast: Cast) -> None:
    added = command("add", "tiny", "--path", "tiny", "--study", "chest", "--json")
    assert (added["kind"], added["study"], added["family"]) == ("local", "chest", "gemma3")
    command("add", "big", "--url", REMOTE["url"], "--model", "m", "--family", "f", "--hosted", "--json")
    listed = command("list", "--json")["endpoints"]
    assert [(row["name"], row["is_hosted"]) for row in listed] == [("big", True), ("tiny", False)]
    command("retire", "big")
    assert "out of use" in command("list")


@pytest.mark.parametrize(
    "words",
    [
        ["add", "x", "--path", "nothing"],
        ["add", "x", "--url", "http://evil.example/v1", "--model", "m", "--family", "f"],
        ["add", "x", "--path", "tiny", "--study", "nowhere"],
        ["retire", "nobody"],
    ],
)
def test_the_command_refuses_in_words(cast: Cast, words: list[str]) -> None:
    with pytest.raises(CommandError) as refusal:
        command(*words)
    assert refusal.value.returncode == 2
    assert str(refusal.value)


def test_a_folder_with_a_head_gives_scores_and_no_words(
    cast: Cast, client: Client, models_folder: Path
) -> None:
    add_score_head(make_folder(models_folder / "reward"), {"dimension": "accuracy"})
    added = command("add", "reward", "--path", "reward", "--study", "chest", "--json")
    assert (added["scores"], command("add", "w", "--path", "tiny", "--json")["scores"]) == ("accuracy", None)
    assert "local, scores accuracy, gemma3" in command("list")
    scorer = ModelEndpoint.objects.get(name="reward")
    assert set(ModelEndpoint.objects.that_write()) == set(ModelEndpoint.objects.exclude(pk=scorer.pk))
    check_may_ask(scorer, study=cast.study, for_scores=True)
    with pytest.raises(EndpointRefused, match="reward gives scores, not words"):
        check_may_ask(scorer, study=cast.study)
    client.force_login(cast.lena)
    page = client.get(reverse("calls:endpoints", args=["chest"])).content.decode()
    assert page.count("scores accuracy, judges only") == 1


def test_two_remote_models_never_share_an_api_key(cast: Cast, settings: Any) -> None:
    add_endpoint(name="gpt-4", by=None, **REMOTE)
    with pytest.raises(EndpointNameTaken, match="too close to that of another model"):
        add_endpoint(name="GPT 4", by=cast.lena, study=cast.study, **REMOTE)
    add_endpoint(name="gpt-41", by=cast.lena, study=cast.study, **REMOTE)


def test_a_lead_cannot_take_a_key_to_another_address(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_API_KEY_GPT", "canary-key")
    monkeypatch.setenv("CONSILIUM_API_HOST_GPT", "127.0.0.1:8001")
    with pytest.raises(EndpointRefused, match="belongs to another address") as refusal:
        add_endpoint(name="gpt", by=cast.lena, study=cast.study, **REMOTE)
    assert "canary" not in str(refusal.value)
    add_endpoint(name="gpt", by=cast.lena, study=cast.study, **REMOTE | {"url": "http://127.0.0.1:8001/v1"})


def test_an_operator_shares_a_model_on_both_studies_record_and_ends_it(cast: Cast, client: Client) -> None:
    own = add_endpoint(name="own", by=cast.lena, study=cast.study, **REMOTE)
    page = reverse("calls:shared")
    fields = {"endpoint": own.pk, "study": cast.other_study.pk}
    client.force_login(cast.otto)
    assert "No model is shared" in client.get(page).content.decode()
    assert client.post(page, fields).status_code == 302
    assert "is shared with" in client.post(page, fields).content.decode()
    check_may_ask(own, study=cast.other_study)
    theirs = reverse("calls:endpoints", kwargs={"study": cast.other_study.slug})
    client.force_login(cast.nora)
    text = client.get(theirs).content.decode()
    assert "shared by an operator" in text
    assert "Take own out of use" not in text
    retire = reverse("calls:retire", kwargs={"study": cast.other_study.slug, "pk": own.pk})
    assert client.post(retire).status_code == 404
    client.force_login(cast.otto)
    client.post(reverse("calls:unshare", kwargs={"pk": own.shares.get().pk}))
    with pytest.raises(EndpointRefused, match="no such model"):
        check_may_ask(own, study=cast.other_study)
    for action in ("endpoint.shared", "endpoint.share_ended"):
        events = AuditEvent.objects.filter(action=action)
        assert {(event.study, event.actor, event.data["with"]) for event in events} == {
            (study, cast.otto, cast.other_study.slug) for study in (cast.study, cast.other_study)
        }
    command("share", "own", cast.other_study.slug)
    assert command("list", "--json")["endpoints"][0]["shared_with"] == [cast.other_study.slug]
    command("unshare", "own", cast.other_study.slug)


def test_only_an_operator_shares_and_only_what_belongs_to_a_study(cast: Cast, client: Client) -> None:
    own = add_endpoint(name="own", by=cast.lena, study=cast.study, **REMOTE)
    site = add_endpoint(name="site", by=cast.otto, **REMOTE)
    with pytest.raises(NotAllowed):
        share_endpoint(endpoint=own, study=cast.other_study, by=cast.lena)
    with pytest.raises(EndpointRefused, match="nothing to share"):
        share_endpoint(endpoint=site, study=cast.other_study, by=cast.otto)
    with pytest.raises(EndpointRefused, match="belongs to that study"):
        share_endpoint(endpoint=own, study=cast.study, by=cast.otto)
    client.force_login(cast.otto)
    for number in ("0", str(2**63), "x"):
        answer = client.post(reverse("calls:shared"), {"endpoint": number, "study": number})
        assert answer.status_code == 422
    assert not EndpointShare.objects.exists()


def test_a_model_of_another_study_is_as_one_that_does_not_exist(cast: Cast, client: Client) -> None:
    foreign = add_endpoint(name="theirs", by=cast.nora, study=cast.other_study, **REMOTE)
    client.force_login(cast.lena)
    at = {"study": cast.study.slug}
    for name in ("calls:endpoints", "curation:traces", "annotation:rounds", "training:launch"):
        assert "theirs" not in client.get(reverse(name, kwargs=at)).content.decode()
    answers = [
        client.post(
            reverse("curation:start-tracing", kwargs=at), {"endpoint": pk, "paradigm": ""}, follow=True
        )
        for pk in (foreign.pk, foreign.pk + 99)
    ]
    told = [[str(message) for message in answer.context["messages"]] for answer in answers]
    assert told[0] == told[1] == ["Choose a model that may be asked."]
    for words in (["trace", cast.study.slug, "--endpoint"], ["answer", cast.study.slug, "--endpoint"]):
        refusals = []
        for name in ("theirs", "nobody"):
            with pytest.raises(CommandError) as refusal:
                call_command(*words, name)
            refusals.append(str(refusal.value))
        assert refusals[0] == refusals[1]


def test_folders_of_runs_are_offered_to_their_own_study_alone(
    cast: Cast, client: Client, models_folder: Path
) -> None:
    theirs, mine = run_of(cast.other_study, cast.nora), run_of(cast.study, cast.lena)
    for run in (theirs, mine):
        for part in ("model", "checkpoints/step-5"):
            make_folder(models_folder / f"runs/run-{run.pk}/{part}")
    make_folder(models_folder / "runs" / "stray")
    assert unregistered_folders(cast.study) == [
        f"runs/run-{mine.pk}/checkpoints/step-5",
        f"runs/run-{mine.pk}/model",
        "tiny",
    ]
    client.force_login(cast.lena)
    page = reverse("calls:add-local", kwargs={"study": cast.study.slug})
    foreign = f"runs/run-{theirs.pk}/checkpoints/step-5"
    said = [
        client.post(page, {"name": "x", "path": path}).context["form"].errors["path"]
        for path in (foreign, "runs/run-9999/model")
    ]
    assert [text.replace(foreign, "").replace("runs/run-9999/model", "") for text in map(str, said)] == [
        str(said[0]).replace(foreign, "")
    ] * 2
    for study in (cast.study, None):
        with pytest.raises(EndpointRefused, match="belongs to another study"):
            add_endpoint(name="x", by=None, study=study, path=foreign)
    assert not ModelEndpoint.objects.filter(name="x").exists()
    add_endpoint(name="x", by=None, study=cast.other_study, path=foreign)
