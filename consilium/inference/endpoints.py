"""Adds models to the list of those that may be asked, and takes them off it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, models, transaction

from consilium.audit.record import record
from consilium.inference import folder_owners
from consilium.inference.addresses import check_address, is_this_machine
from consilium.inference.api_keys import api_key, suffix
from consilium.inference.model_entries import ModelEntry, find_entry
from consilium.inference.model_folders import (
    check_model_folder,
    folder_sha256,
    folder_under,
    model_type,
    scored_dimension,
)
from consilium.inference.models import ModelEndpoint
from consilium.inference.refusals import EndpointNameTaken, EndpointRefused
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import OPERATOR, check_role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/()+-]*")
_ANOTHERS = "This folder belongs to another study; an operator may share the model that is made of it."
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A checked model folder: path relative to the models folder, SHA-256 of its files, architecture, and
    the dimension of which it gives scores, if it does.
    """

    path: str
    revision: str
    family: str
    scored_dimension: str


def inspect_folder(name: str, study: Study | None) -> ModelFolder:
    """Check the folder and hash its files (seconds per gigabyte, once per content and process).

    Raises EndpointRefused.
    """
    root = Path(settings.MODELS_FOLDER)
    folder = folder_under(root, name)
    path = folder.relative_to(root.resolve()).as_posix()
    _check_not_of_another_study(path, study)
    check_model_folder(folder)
    return ModelFolder(
        path=path,
        revision=folder_sha256(folder),
        family=model_type(folder),
        scored_dimension=scored_dimension(folder),
    )


def add_endpoint(
    *,
    name: str,
    by: Person | None,
    url: str = "",
    path: str = "",
    model_id: str = "",
    family: str = "",
    revision: str = "",
    study: Study | None = None,
    is_hosted: bool | None = None,
    outputs_may_train: bool | None = None,
    retention: str = "",
    provenance: dict[str, Any] | None = None,
    entry_key: str = "",
) -> ModelEndpoint:
    """Add a remote model (`url`, `model_id`) or a local one (`path`, a folder under the models folder).

    Left out, `is_hosted` is true for an address on another machine and `outputs_may_train` is its opposite.
    A local model's revision is the SHA-256 of its files; one with a head for scores gives scores.
    `study` None offers the model to every study, which only an operator may do; `by` None is the command
    line or a job.
    `provenance["releases"]` lists the digests of the releases it was trained on.
    `entry_key`: the model of the registry that it serves; it gives the family and the model name left out.
    Raises EndpointRefused, EndpointNameTaken, NotAllowed.
    """
    if by is not None:
        check_role(by, study, Role.LEAD, OPERATOR) if study else check_role(by, None, OPERATOR)
    if bool(url) == bool(path):
        raise EndpointRefused("Give either the address of a remote model or the folder of a local one.")
    provenance = provenance or {}
    entry = _entry(entry_key)
    if entry is not None:
        family, model_id = family or entry.family, model_id or entry.model_id
    _check_name(name)
    if url:
        _check_key_is_its_own(name)
    _check_provenance(provenance)
    if path:
        found = inspect_folder(path, study)
        where = {
            "path": found.path,
            "revision": found.revision,
            "family": family or found.family,
            "scored_dimension": found.scored_dimension,
        }
        hosted = False
    else:
        where = _remote(name, url, model_id, family, revision)
        hosted = not is_this_machine(url) if is_hosted is None else is_hosted
    if not where["family"]:
        raise EndpointRefused("Name the model's family, for instance the company or architecture it is from.")
    endpoint = ModelEndpoint(
        name=name,
        study=study,
        is_hosted=hosted,
        outputs_may_train=not hosted if outputs_may_train is None else outputs_may_train,
        retention=retention,
        provenance=provenance,
        entry_key=entry_key,
        **where,
    )
    return _save(endpoint, by)


@transaction.atomic
def retire_endpoint(*, endpoint: ModelEndpoint, by: Person | None, reason: str = "") -> ModelEndpoint:
    """Take an endpoint out of use; its replies stay. Raises NotAllowed; EndpointRefused when it is out."""
    if by is not None:
        roles = (Role.LEAD, OPERATOR) if endpoint.study else (OPERATOR,)
        check_role(by, endpoint.study, *roles)
    if not ModelEndpoint.objects.filter(pk=endpoint.pk, is_active=True).update(is_active=False):
        raise EndpointRefused(f"The model {endpoint.name} is out of use already.")
    endpoint.is_active = False
    record(action="endpoint.retired", obj=endpoint, by=by, study=endpoint.study, reason=reason)
    return endpoint


def _entry(key: str) -> ModelEntry | None:
    entry = find_entry(key) if key else None
    if key and entry is None:
        raise EndpointRefused(f"The registry knows no model {key[:60]!r}.")
    return entry


def _remote(name: str, url: str, model_id: str, family: str, revision: str) -> dict[str, str]:
    if not model_id.strip():
        raise EndpointRefused("Give the model name that the server knows.")
    address = check_address(url)
    api_key(name, address)  # a name whose key belongs elsewhere is refused here, not in the middle of a round
    return {"base_url": address, "model_id": model_id, "family": family, "revision": revision}


def _check_name(name: str) -> None:
    longest = ModelEndpoint._meta.get_field("name").max_length or 0
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise EndpointRefused(
            f"A model's name starts with a letter or digit, has at most {longest} characters and holds only"
            " letters, digits, blanks and . _ / ( ) + -"
        )
    if ModelEndpoint.objects.filter(name=name).exists():
        raise EndpointNameTaken(f"There is already a model named {name}; choose another name.")


def _check_key_is_its_own(name: str) -> None:
    """Two names that differ in signs only would share one API key: a lead could send it to another host."""
    remote = ModelEndpoint.objects.exclude(base_url="").values_list("name", flat=True)
    if any(suffix(known) == suffix(name) for known in remote):
        raise EndpointNameTaken("The name is too close to that of another model; choose another name.")


def _check_provenance(provenance: dict[str, Any]) -> None:
    releases = provenance.get("releases", [])
    if not isinstance(releases, list) or not all(_SHA256.fullmatch(str(digest)) for digest in releases):
        raise EndpointRefused("Releases are named by their full digest: 64 characters of 0-9 and a-f.")


def _check_not_of_another_study(path: str, study: Study | None) -> None:
    """A folder that another study's run fills, or its model lives in or around, is not for this study."""
    owner = folder_owners.owner_of(path)
    if owner is not None and (study is None or owner != study.pk):
        raise EndpointRefused(_ANOTHERS)
    foreign = ModelEndpoint.objects.exclude(path="").exclude(study=None)
    if study is not None:
        foreign = foreign.exclude(study=study)
    above = [path.rsplit("/", depth)[0] for depth in range(path.count("/") + 1)]
    if foreign.filter(models.Q(path__in=above) | models.Q(path__startswith=f"{path}/")).exists():
        raise EndpointRefused(_ANOTHERS)


@transaction.atomic
def _save(endpoint: ModelEndpoint, by: Person | None) -> ModelEndpoint:
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
    except IntegrityError:  # somebody took the name since it was checked
        raise EndpointNameTaken(
            f"There is already a model named {endpoint.name}; choose another name."
        ) from None
    data = {
        "name": endpoint.name,
        "where": urlsplit(endpoint.base_url).netloc or endpoint.path,
        "family": endpoint.family,
        "revision": endpoint.revision,
        "is_hosted": endpoint.is_hosted,
        "outputs_may_train": endpoint.outputs_may_train,
        "releases": endpoint.provenance.get("releases", []),
    }
    data |= {"entry": endpoint.entry_key} if endpoint.entry_key else {}
    data |= {"scored_dimension": endpoint.scored_dimension} if endpoint.gives_scores else {}
    record(action="endpoint.added", obj=endpoint, by=by, study=endpoint.study, data=data)
    return endpoint
