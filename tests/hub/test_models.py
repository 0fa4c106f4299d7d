"""Trained models on the Hub: merged weights and adapters, with a card and without this site's paths."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from safetensors.numpy import save_file

from consilium.hub import registry
from consilium.hub.push import start_hub_push
from consilium.hub.registry import Content
from consilium.inference.models import ModelEndpoint
from consilium.refusals import Refused
from curation.models import Release, Source
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.hub.conftest import run
from tests.hub.loopback_hub import LoopbackHub
from training import run_folder
from training.job.files import weights_digest
from training.models import ProducedModel
from training.publish import contents_of_model

pytestmark = pytest.mark.django_db


def weights(folder: Path, name: str, **files: Any) -> str:
    """Small weights with the files beside them; the digest that a run registers."""
    folder.mkdir(parents=True)
    save_file({"w": np.arange(6, dtype=np.float32)}, folder / name)
    for file, content in files.items():
        (folder / file.replace("_json", ".json")).write_text(json.dumps(content))
    return weights_digest(folder)


@pytest.fixture
def produced(cast: Cast, settings: Any, tmp_path: Path) -> ProducedModel:
    """A run's model and adapter, as the training process leaves them."""
    settings.MODELS_FOLDER = tmp_path / "models"
    release = making.trace_release(cast.study, cast.lena)
    made = making.run_of(cast.study, cast.lena)
    place = run_folder.folder(made)
    digest = weights(place / "model", "model.safetensors", config_json={"model_type": "gemma3"})
    base = str(tmp_path / "models" / "base")
    adapter = weights(
        place / "adapter", "adapter_model.safetensors", adapter_config_json={"base_model_name_or_path": base}
    )
    (place / "adapter" / "README.md").write_text(f"---\nbase_model: {base}\n---\n")
    endpoint = ModelEndpoint.objects.create(name="chest/run-1 dsa", path="runs/x", family="gemma3")
    artifacts = {"digest": digest, "adapter": "adapter", "adapter_digest": adapter}
    return ProducedModel.objects.create(
        run=made, endpoint=endpoint, digest=digest, release_digests=[release.digest],
        card={"artifacts": artifacts},
    )  # fmt: skip


def of(produced: ProducedModel, kind: str) -> Content:
    return next(content for content in contents_of_model(produced) if content.kind == kind)


def test_model_and_adapter_are_pushed_with_a_card(
    cast: Cast, hub: LoopbackHub, token: str, produced: ProducedModel
) -> None:
    for kind in ("model", "adapter"):
        push = start_hub_push(content=of(produced, kind), repo_id=f"clinic/{kind}", by=cast.lena)
        job = run(push)
        assert (job.state, job.error) == ("succeeded", "")
        there = hub.repository(f"clinic/{kind}", "model")
        files = {path: hub.content(stored) for path, stored in there.head.tree.items()}
        assert produced.release_digests[0].encode() in files["README.md"]
        assert list(there.tags) == [f"{kind}-{push.digest[:12]}"]
        assert not any(str(settings.MODELS_FOLDER).encode() in content for content in files.values())
    names = {"adapter_config.json", "adapter_model.safetensors", "README.md", ".gitattributes"}
    assert set(files) == names
    config = json.loads(files["adapter_config.json"])
    assert config["base_model_name_or_path"] == produced.run.base.name
    # What the run registered is as it was.
    assert weights_digest(run_folder.folder(produced.run) / "adapter") == push.digest


def test_known_files_alone_leave_and_the_terms_with_them(
    cast: Cast, hub: LoopbackHub, token: str, produced: ProducedModel
) -> None:
    place = run_folder.folder(produced.run) / "model"
    (place / "LICENSE").write_text("The terms of the base.")
    (place / "tokenizer.model").write_bytes(b"\x0a\xff\x00")
    (place / "ward_notes.txt").write_text("nobody asked for them")
    (place / ".gitattributes").write_text("*.safetensors")
    push = start_hub_push(content=of(produced, "model"), repo_id="clinic/model", by=cast.lena)
    job = run(push)
    assert (job.state, job.error) == ("succeeded", "")
    names = {"config.json", "model.safetensors", "README.md", "LICENSE", "tokenizer.model", ".gitattributes"}
    tree = hub.repository("clinic/model", "model").head.tree
    assert set(tree) == names
    assert hub.content(tree[".gitattributes"]) != b"*.safetensors"  # the Hub's own


def test_digests_name_models_and_adapters(produced: ProducedModel) -> None:
    model, adapter = of(produced, "model"), of(produced, "adapter")
    assert registry.find("model").named(model.digest[:9]) == [model]
    assert registry.find("adapter").named(adapter.digest[:9]) == [adapter]
    assert registry.find("adapter").find(produced.pk) == adapter
    assert registry.find("model").find(produced.pk + 1) is None
    ProducedModel.objects.filter(pk=produced.pk).update(card={})
    assert registry.find("adapter").find(produced.pk) is None


def test_changed_weights_and_other_kinds_of_file_do_not_leave(
    cast: Cast, hub: LoopbackHub, token: str, produced: ProducedModel
) -> None:
    place = run_folder.folder(produced.run) / "model"
    content = of(produced, "model")
    (place / "modeling_x.py").write_text("print()")
    push = start_hub_push(content=content, repo_id="clinic/model", by=cast.lena)
    assert "modeling_x.py" in run(push).error
    (place / "modeling_x.py").unlink()
    (place / "vocab.txt").write_text(f"see {settings.CONSILIUM_HOME}")
    push = start_hub_push(content=content, repo_id="clinic/model", by=cast.lena)
    assert "File vocab.txt: it names a folder of this site" in run(push).error
    (place / "vocab.txt").unlink()
    save_file({"w": np.zeros(6, dtype=np.float32)}, place / "model.safetensors")
    push = start_hub_push(content=content, repo_id="clinic/model", by=cast.lena)
    assert "no longer those" in run(push).error
    assert hub.repositories == {}


def test_what_the_model_was_trained_on_must_stand(cast: Cast, token: str, produced: ProducedModel) -> None:
    content = of(produced, "model")

    def refused() -> str:
        with pytest.raises(Refused) as found:
            start_hub_push(content=content, repo_id="clinic/model", by=cast.lena)
        return str(found.value)

    Source.objects.update(may_redistribute=False)
    assert "may_redistribute" in refused()
    Source.objects.update(may_redistribute=True)
    Release.objects.update(state="withdrawn", withdrawn_reason="Wrong images.")
    assert "must not be passed on" in refused()


def test_the_page_of_the_run_offers_both(cast: Cast, token: str, produced: ProducedModel) -> None:
    client = Client()
    client.force_login(cast.lena)
    shown = client.get(f"/s/chest/runs/{produced.run.pk}/").content.decode()
    assert "Model on the Hub" in shown
    assert "Adapter on the Hub" in shown
    answer = client.post(
        f"/s/chest/pushes/adapter/{produced.pk}/start/",
        {"repo_id": "clinic/adapter", "seen_by": "private"},
        follow=True,
    )
    assert "It is on the queue" in answer.content.decode()
