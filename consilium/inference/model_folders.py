"""Checks a model folder before anything loads it (pure): plain files of harmless kinds, sound weights."""

import hashlib
import json
import re
import stat
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.refusals import EndpointRefused

# Everything else (pickles, code, archives) can run when it is loaded, or is not needed to serve a model.
ALLOWED = frozenset({".safetensors", ".json", ".txt", ".jinja", ".md", ".model"})
# What repositories of the Hub hold besides, and its client's own notes: nobody loads it, so it may lie there.
_PASSED_OVER = re.compile(r"\.gitattributes|\.gitignore|(LICEN[CS]E|NOTICE|COPYING)(-[A-Z]+)?", re.IGNORECASE)
_CACHE = ".cache"
_VOCABULARIES = frozenset({"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"})
# Beside the weights of a model that gives scores: its linear head, which says what it scores and how.
SCORE_HEAD = "reward_head.safetensors"
HEAD_FACTS = "scores"
HEADER_MAX = 100 * 1024 * 1024
JSON_MAX = 64 * 1024 * 1024
FILES_MAX = 2000
_DUNDER = re.compile(r"__\w+__|attr\s*\(")
TYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "U16": 16, "I16": 16, "F16": 16,
    "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "F4": 4, "F6_E2M3": 6,
    "F6_E3M2": 6, "C64": 64,
}  # fmt: skip


def folder_under(root: Path, name: str) -> Path:
    """The model folder called `name` (relative to `root`, or absolute), which must lie under `root`.

    Raises EndpointRefused when it does not exist, leads out of `root`, or is reached through a link.
    """
    root = root.resolve()
    given = Path(name)
    folder = given if given.is_absolute() else root / given
    if "\x00" in name or "@" in name:
        raise EndpointRefused("The folder's name holds a character that is not allowed there.")
    try:
        resolved = folder.resolve(strict=True)
    except OSError:
        raise EndpointRefused("There is no such folder in the models folder.") from None
    if resolved == root or not resolved.is_relative_to(root) or not resolved.is_dir():
        raise EndpointRefused("The model must be a folder inside the models folder of this site.")
    if given.is_absolute():
        return resolved
    if resolved != root / given:
        raise EndpointRefused("The model folder is reached through a link or '..'; name the folder itself.")
    return resolved


def check_model_folder(folder: Path) -> None:
    """Raise EndpointRefused, naming the file, unless the folder is safe to load and holds a model."""
    files = list(model_files(folder))
    names = {file.name for file in files}
    if "adapter_config.json" in names:
        raise EndpointRefused("The folder holds an adapter; merge it into its base model first.")
    if "config.json" not in names:
        raise EndpointRefused("The folder holds no config.json: it is not a model folder.")
    if not any(name.endswith(".safetensors") for name in names):
        raise EndpointRefused("The folder holds no .safetensors weights.")
    _check_files(files)


def check_adapter_folder(folder: Path) -> None:
    """Raise EndpointRefused, naming the file, unless the folder is safe to read and holds an adapter."""
    files = list(model_files(folder))
    if missing := {"adapter_config.json", "adapter_model.safetensors"} - {file.name for file in files}:
        raise EndpointRefused(f"The folder holds no {min(missing)}: it is not an adapter folder.")
    _check_files(files)


def _check_files(files: list[Path]) -> None:
    names = {file.name for file in files}
    for file in files:
        if file.suffix == ".json":
            _check_json(file, names)
        if file.suffix == ".jinja":
            _check_template(file.name, _read_text(file))
        if file.suffix == ".safetensors":
            check_safetensors(file)


def model_files(folder: Path) -> Iterator[Path]:
    """The regular files of a model folder in order of name. Raises EndpointRefused for any other thing.

    What an ordinary copy of a repository of the Hub holds besides is passed over: licence, git's own files
    and the folder with the notes of the Hub's client.
    """
    entries = sorted(folder.iterdir())
    if len(entries) > FILES_MAX:
        raise EndpointRefused(f"The folder holds more than {FILES_MAX} files.")
    for entry in entries:
        mode = entry.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise EndpointRefused(f"{entry.name} is a link; a model folder holds plain files only.")
        if entry.name == _CACHE and stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise EndpointRefused(f"{entry.name} is not a plain file; a model folder has no folders inside.")
        if _PASSED_OVER.fullmatch(entry.name):
            continue
        if entry.suffix not in ALLOWED or (entry.suffix == ".model" and entry.name not in _VOCABULARIES):
            raise EndpointRefused(
                f"{entry.name} is of a kind that is not loaded here. Allowed are safetensors weights, json,"
                " txt, jinja, md and tokenizer.model; convert other weights to safetensors."
            )
        yield entry


def model_type(folder: Path) -> str:
    """The architecture that config.json names, empty when it names none."""
    config = _read_json(folder / "config.json")
    return str(config.get("model_type", "")) if isinstance(config, dict) else ""


def scored_dimension(folder: Path) -> str:
    """The dimension of which the model in a checked folder gives scores; empty where it has no such head.

    Raises EndpointRefused for a head that does not say it.
    """
    head = folder / SCORE_HEAD
    if not head.is_file():
        return ""
    with head.open("rb") as handle:
        header = json.loads(handle.read(struct.unpack("<Q", handle.read(8))[0]))
    try:
        named = str(json.loads(header["__metadata__"][HEAD_FACTS])["dimension"])
    except (ValueError, LookupError, TypeError):
        named = ""
    if named not in DIMENSIONS:
        raise EndpointRefused(
            f"{SCORE_HEAD} does not say which of the six dimensions it scores; train the model once more."
        )
    return named


def folder_sha256(folder: Path) -> str:
    """SHA-256 (hex) over the names and contents of the folder's files: the revision of a local model."""
    marks = []
    for file in model_files(folder):
        facts = file.stat()
        marks.append((file.name, facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return _digest(folder, tuple(marks))


@lru_cache(maxsize=64)
def _digest(folder: Path, marks: tuple[tuple[str, int, int, int], ...]) -> str:
    # `marks` is the key: weights of many gigabytes are read again only when a file changed.
    whole = hashlib.sha256()
    for name, *_ in marks:
        with (folder / name).open("rb") as handle:
            content = hashlib.file_digest(handle, "sha256").hexdigest()
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


def _read_text(file: Path) -> str:
    if file.stat().st_size > JSON_MAX:
        raise EndpointRefused(f"{file.name} is larger than {JSON_MAX // 2**20} MiB.")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise EndpointRefused(f"{file.name} is not UTF-8 text.") from None


def _read_json(file: Path) -> Any:
    try:
        return json.loads(_read_text(file))
    except (ValueError, RecursionError):
        raise EndpointRefused(f"{file.name} is not valid JSON.") from None


def _check_json(file: Path, names: set[str]) -> None:
    content = _read_json(file)
    if not isinstance(content, dict):
        return
    if "auto_map" in content:
        raise EndpointRefused(f"{file.name} asks for code of its own (auto_map); such models are not loaded.")
    _check_template(file.name, json.dumps(content.get("chat_template", "")))
    shards = content.get("weight_map", {})
    if isinstance(shards, dict) and not set(shards.values()) <= names:
        raise EndpointRefused(f"{file.name} names weight files that are not in the folder.")


def _check_template(name: str, text: str) -> None:
    # Chat templates run in a sandbox; one that reaches for Python's internals has no honest reason to.
    if _DUNDER.search(text):
        raise EndpointRefused(f"The chat template in {name} reaches for Python internals; it is not used.")


def check_safetensors(file: Path) -> None:
    """Raise EndpointRefused unless the header is small and the tensors fill the file without overlap."""
    size = file.stat().st_size
    with file.open("rb") as handle:
        start = handle.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == struct.calcsize("<Q") else 0
        if not 2 <= length <= min(HEADER_MAX, size - 8):
            raise EndpointRefused(f"{file.name} has a header of an impossible length.")
        header = handle.read(length)
    try:
        tensors = json.loads(header)
        tensors.pop("__metadata__", None)
        spans = sorted(_span(entry) for entry in tensors.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EndpointRefused(f"{file.name} has an unreadable header.") from None
    end = 0
    for first, last in spans:
        if first != end:
            raise EndpointRefused(f"{file.name} has tensors that overlap or leave gaps.")
        end = last
    if end != size - 8 - length:
        raise EndpointRefused(f"{file.name} is cut off or holds bytes that belong to no tensor.")


def _span(entry: dict[str, Any]) -> tuple[int, int]:
    first, last = entry["data_offsets"]
    bits = TYPE_BITS[entry["dtype"]]
    for extent in entry["shape"]:
        if not isinstance(extent, int) or extent < 0:
            raise ValueError("negative extent")
        bits *= extent
    if not isinstance(first, int) or not isinstance(last, int) or first < 0 or (last - first) * 8 != bits:
        raise ValueError("offsets do not fit the shape")
    return first, last
