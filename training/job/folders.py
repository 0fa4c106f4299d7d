"""Folders of models and adapters: where in them the weights lie, what is read of them, what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from consilium.inference.model_folders import check_adapter_folder, check_model_folder, model_files
from consilium.inference.refusals import EndpointRefused
from training.job.files import sha256_file, weights_sha256
from training.job.spec import Spec, SpecError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
# In a run's folder, where it is a delta of the run's base: a name that a merge takes it by.
BASE_ADAPTER = "adapter"
# Read by nobody who loads weights.
_PROSE = (".md",)
_WEIGHTS = ".safetensors"
# What training writes itself, beside weights.
_WRITTEN = frozenset(("config.json", "generation_config.json", ADAPTER_CONFIG, "README.md"))
# What goes from a base into a model made of it: tokenizer, processor, template, and under which terms it is.
_COMPANIONS = frozenset(
    (
        "added_tokens.json",
        "chat_template.jinja",
        "chat_template.json",
        "generation_config.json",
        "merges.txt",
        "preprocessor_config.json",
        "processor_config.json",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "video_preprocessor_config.json",
        "vocab.json",
        "vocab.txt",
        "LICENSE",
        "LICENSE.txt",
        "LICENSE.md",
        "NOTICE",
        "NOTICE.txt",
    )
)


def read_from(folder: Path) -> Path:
    """Return where the weights lie that a run's folder, an adapter folder or a model folder stands for.

    Of a run's folder that is the adapter when it is relative to the base (DSA), else the full model (GBA of
    experts, whose adapter is relative to their average on the base).
    """
    for adapter in (folder, folder / BASE_ADAPTER):
        if (adapter / ADAPTER_CONFIG).is_file():
            return adapter
    model = folder / "model"
    return model if (model / "config.json").is_file() else folder


def check_folders(spec: Spec) -> None:
    """Check every folder of weights that the specification names before anything loads it. Raises SpecError.

    The same rules as for the models that the site serves: plain files of harmless kinds, sound weights.
    """
    if not (spec.base / "config.json").is_file():
        raise SpecError("base: the folder holds no model (config.json is missing)")
    _check(check_model_folder, spec.base, "base")
    for key, folder in (*(("experts", expert) for expert in spec.experts), ("reinforced", spec.reinforced)):
        if folder is not None:
            place = read_from(folder)
            is_adapter = (place / ADAPTER_CONFIG).is_file()
            if not is_adapter and not (place / "config.json").is_file():
                raise SpecError(f"{key}: folder {folder.name!r} holds neither an adapter nor a model")
            _check(
                check_adapter_folder if is_adapter else check_model_folder, place, f"{key} {folder.name!r}"
            )


def folder_digest(folder: Path) -> str:
    """Return one SHA-256 over names and contents of the files that are read when the folder is loaded."""
    whole = hashlib.sha256()
    for path in model_files(folder):
        if path.suffix not in _PROSE:
            digest = weights_sha256(path) if path.suffix == _WEIGHTS else sha256_file(path)
            whole.update(f"{digest}  {path.name}\n".encode())
    return whole.hexdigest()


def companions(base: Path) -> list[Path]:
    """Return the known files of a base that a model made of it keeps; nothing else of the folder leaves."""
    known = (path for path in base.iterdir() if path.name in _COMPANIONS)
    return sorted(path for path in known if path.is_file() and not path.is_symlink())


def files_to_pass_on(folder: Path) -> list[Path]:
    """Return the known files of a model or adapter folder: what may be passed on.

    Raises EndpointRefused where something lies there that a model folder must not hold.
    """
    loaded = [path for path in model_files(folder) if _is_part(path.name)]
    return sorted({*loaded, *companions(folder)})


def _is_part(name: str) -> bool:
    return name in _WRITTEN or name.endswith((".safetensors", ".safetensors.index.json"))


def _check(check: Callable[[Path], None], folder: Path, label: str) -> None:
    try:
        check(folder)
    except EndpointRefused as refusal:
        raise SpecError(f"{label}: {refusal}") from None
    except OSError as error:
        raise SpecError(f"{label}: the folder cannot be read ({error.strerror})") from None
