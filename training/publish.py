"""What the Hub's room learns of trained models: merged weights and adapters, and their finished folders."""

import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.urls import reverse

from consilium.atomic_folder import atomic_folder
from consilium.disk_space import check_disk_space
from consilium.hub import registry
from consilium.hub.registry import Content, Publishable
from consilium.inference.model_folders import ALLOWED, check_safetensors
from consilium.jobs.handle import JobHandle
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.models import Release
from curation.permissions import check_sources
from curation.releases.freeze import rows_of
from curation.releases.sign import check_signed
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState
from training import run_folder
from training.job.files import weights_digest
from training.job.folders import files_to_pass_on
from training.model_card import ADAPTER, CARD, MODEL, model_card
from training.models import ProducedModel

if TYPE_CHECKING:
    from django.db.models import QuerySet

CONFIG: Final = "adapter_config.json"


class ModelNotPublishable(Refused):
    """Trained weights that may not leave; the text is for people."""


def register_publishables() -> None:
    """Make merged models and adapters known to the Hub's room."""
    for name, label in ((MODEL, "Model"), (ADAPTER, "Adapter")):
        registry.register(
            Publishable(
                name=name,
                label=label,
                repo_type="model",
                kinds=ALLOWED | {""},  # LICENSE and NOTICE: only known files are in the folder
                find=partial(_find, name),
                named=partial(_named, name),
                check_may_leave=check_weights_may_leave,
                folder=_folder,
            )
        )


def contents_of_model(produced: ProducedModel) -> list[Content]:
    """What of a run's model can be pushed: the merged weights, and the adapter where it trained one."""
    found = [(MODEL, produced.digest), (ADAPTER, _adapter_digest(produced))]
    return [_content(produced, kind, digest) for kind, digest in found if digest]


def _adapter_digest(produced: ProducedModel) -> str:
    return str(produced.card.get("artifacts", {}).get("adapter_digest") or "")


def _content(produced: ProducedModel, kind: str, digest: str) -> Content:
    run = produced.run
    name = f"{produced.endpoint.name}{' adapter' if kind == ADAPTER else ''}"
    page = reverse("training:run", args=[run.study.slug, run.pk])
    return Content(kind=kind, pk=produced.pk, study=run.study, name=name, digest=digest, page=page)


def _of_kind(rows: "QuerySet[ProducedModel]", kind: str) -> list[Content]:
    return [content for row in rows for content in contents_of_model(row) if content.kind == kind]


def _models() -> "QuerySet[ProducedModel]":
    return ProducedModel.objects.select_related("run__study", "run__base", "run__release", "endpoint")


def _find(kind: str, pk: int) -> Content | None:
    return next(iter(_of_kind(_models().filter(pk=pk), kind)), None)


def _named(kind: str, digest: str) -> list[Content]:
    field = "digest" if kind == MODEL else "card__artifacts__adapter_digest"
    return _of_kind(_models().filter(**{f"{field}__startswith": digest})[:2], kind)


def check_weights_may_leave(content: Content, by: Person) -> None:
    """A lead, and every release behind the weights still stands and may be trained on and passed on."""
    check_lead(by, content.study)
    produced = _models().get(pk=content.pk)
    for release in Release.objects.filter(digest__in=produced.release_digests).select_related("study"):
        if release.state != ReleaseState.FROZEN:
            raise ModelNotPublishable(
                f"The model was trained on {release}, which is {release.state}; it must not be passed on."
            )
        check_images_stand(release)
        check_signed(release)
        names = set(rows_of(release).order_by().values_list("content__source", flat=True).distinct())
        for rule in ("may_train", "may_redistribute"):
            check_sources(release.study, names, rule)


def _folder(content: Content, scratch: Path, handle: JobHandle) -> Path:
    """Weights and their small files beside a card, without this site's paths; the weights are linked."""
    if scratch.exists():
        return scratch
    check_disk_space()
    produced, place = _models().get(pk=content.pk), place_of_weights(content)
    with atomic_folder(scratch, is_only_writer=True) as beside:
        for file in files_to_pass_on(place):
            handle.check()
            _take(file, beside / file.name)
        if content.kind == ADAPTER:
            (beside / CONFIG).write_text(named_base(beside / CONFIG, produced), encoding="utf-8")
        (beside / CARD).unlink(missing_ok=True)
        (beside / CARD).write_text(model_card(produced, content.kind), encoding="utf-8")
        _check(beside, content)
    return scratch


def place_of_weights(content: Content) -> Path:
    """The folder of model or adapter on this host. Raises ModelNotPublishable where it is not."""
    produced = _models().get(pk=content.pk)
    place = run_folder.folder(produced.run) / (
        MODEL if content.kind == MODEL else produced.card["artifacts"]["adapter"]
    )
    if not place.is_dir():
        raise ModelNotPublishable("The files of this model are not on this host.")
    return place


def _take(file: Path, target: Path) -> None:
    if file.suffix != ".safetensors":
        shutil.copyfile(file, target)
        return
    try:
        os.link(file, target)
    except OSError:  # another file system
        shutil.copyfile(file, target)


def named_base(config: Path, produced: ProducedModel) -> str:
    """An adapter's configuration with the name of its base: the library writes its folder on this host."""
    values = json.loads(config.read_text(encoding="utf-8"))
    values["base_model_name_or_path"] = produced.run.base.name
    return json.dumps(values, indent=2, sort_keys=True) + "\n"


def check_names_no_folder(name: str, content: bytes) -> None:
    """Raise ModelNotPublishable where a file names a folder of this site."""
    here = (settings.CONSILIUM_HOME, settings.MODELS_FOLDER, settings.BASE_DIR)
    if any(os.fsencode(path) in content for path in here):
        raise ModelNotPublishable(f"File {name}: it names a folder of this site, so nothing leaves.")


def _check(folder: Path, content: Content) -> None:
    """The finished files: sound weights, those that the run registered, and no path of this site."""
    for file in sorted(folder.iterdir()):
        if file.suffix == ".safetensors":
            check_safetensors(file)
        else:
            check_names_no_folder(file.name, file.read_bytes())
    if weights_digest(folder) != content.digest:
        raise ModelNotPublishable(
            "The weights are no longer those that the run registered; nothing was sent."
        )
