"""Model folders that must be refused before anything loads them."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from consilium.inference.model_folders import (
    check_model_folder,
    folder_sha256,
    folder_under,
    model_type,
    scored_dimension,
)
from consilium.inference.refusals import EndpointRefused
from tests.factories.model_folders import TENSOR, add_score_head, make_folder, safetensors

Spoil = Callable[[Path], object]


def write(name: str, content: str | bytes = b"x") -> Spoil:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def weights(**tensors: object) -> Spoil:
    return write("model.safetensors", safetensors(dict(tensors), b"\0" * 32))


def span(first: int, last: int, shape: list[int] | None = None) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape or [4], "data_offsets": [first, last]}


TEMPLATE = "{{ ''.__class__.__mro__ }}"
SPOILED: dict[str, tuple[Spoil, str]] = {
    "pytorch": (write("pytorch_model.bin"), "pytorch_model.bin is of a kind"),
    "pt": (write("x.pt"), "x.pt is of a kind"),
    "pickle": (write("x.pkl"), "x.pkl is of a kind"),
    "joblib": (write("x.joblib"), "x.joblib is of a kind"),
    "code": (write("modeling_x.py"), "modeling_x.py is of a kind"),
    "auto_map": (write("config.json", '{"auto_map": {"AutoModel": "x.Y"}}'), "auto_map"),
    "tokenizer auto_map": (write("tokenizer_config.json", '{"auto_map": {}}'), "tokenizer_config.json asks"),
    "template": (write("chat_template.jinja", TEMPLATE), "Python internals"),
    "template in json": (
        write("tokenizer_config.json", json.dumps({"chat_template": TEMPLATE})),
        "Python internals",
    ),
    "adapter": (write("adapter_config.json", "{}"), "adapter"),
    "broken json": (write("tokenizer.json", "{"), "not valid JSON"),
    "deep json": (write("tokenizer.json", "[" * 100_000), "not valid JSON"),
    "binary json": (write("tokenizer.json", b"\xff\xfe"), "not UTF-8"),
    "foreign shard": (
        write("model.safetensors.index.json", '{"weight_map": {"w": "../../x.bin"}}'),
        "weight files",
    ),
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no .safetensors"),
    "folder inside": (lambda folder: (folder / "more").mkdir(), "not a plain file"),
    "pipe": (lambda folder: os.mkfifo(folder / "pipe.json"), "not a plain file"),
    "cache as a link": (lambda folder: (folder / ".cache").symlink_to("/etc"), "is a link"),
    "any vocabulary": (write("weights.model"), "weights.model is of a kind"),
    "link": (lambda folder: (folder / "x.json").symlink_to("/etc/hostname"), "is a link"),
    "empty weights": (write("model.safetensors", b""), "impossible length"),
    "header of 10 GB": (write("model.safetensors", struct.pack("<Q", 10**10) + b"{}"), "impossible length"),
    "header not json": (write("model.safetensors", struct.pack("<Q", 2) + b"{x"), "unreadable header"),
    "header a list": (write("model.safetensors", struct.pack("<Q", 2) + b"[]"), "unreadable header"),
    "overlap": (weights(a=span(0, 16), b=span(8, 24)), "overlap or leave gaps"),
    "gap": (weights(a=span(0, 16), b=span(24, 40)), "overlap or leave gaps"),
    "beyond the end": (weights(a=span(0, 16), b=span(16, 32), c=span(32, 48)), "cut off"),
    "bytes of nobody": (weights(a=span(0, 16)), "belong to no tensor"),
    "shape too large": (weights(a=span(0, 32, [10**9, 10**9])), "unreadable header"),
    "negative": (weights(a=span(0, 32, [-2, -4])), "unreadable header"),
    "unknown type": (weights(a=span(0, 32) | {"dtype": "PICKLE"}), "unreadable header"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_dangerous_folder_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    spoil, reason = SPOILED[name]
    folder = make_folder(tmp_path / "model")
    check_model_folder(folder)
    spoil(folder)
    with pytest.raises(EndpointRefused, match=reason) as refusal:
        check_model_folder(folder)
    assert str(tmp_path) not in str(refusal.value)


def test_a_sound_folder_passes_and_names_its_architecture(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    (folder / "README.md").write_text("A model.")
    (folder / "model.safetensors").write_bytes(safetensors(TENSOR | {"__metadata__": {"format": "pt"}}))
    check_model_folder(folder)
    assert model_type(folder) == "gemma3"


def test_an_ordinary_copy_of_a_repository_of_the_hub_passes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    revision = folder_sha256(folder)
    for name in ("LICENSE", "Notice", ".gitattributes"):
        (folder / name).write_text("terms")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    check_model_folder(folder)
    assert folder_sha256(folder) == revision  # nobody loads them
    (folder / "tokenizer.model").write_bytes(b"\x0a\xff")
    check_model_folder(folder)
    assert folder_sha256(folder) != revision


def test_the_revision_changes_with_any_file(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    first = folder_sha256(folder)
    assert first == folder_sha256(folder)
    (folder / "chat_template.jinja").write_text("other")
    assert folder_sha256(folder) != first
    assert make_folder(tmp_path / "twin").joinpath("config.json").exists()
    assert folder_sha256(tmp_path / "twin") == first


@pytest.mark.parametrize(
    "name", ["../outside", "", ".", "missing", "link", "in/../model", "/etc", "a\0b", "model@1", "file"]
)
def test_only_a_real_folder_under_the_models_folder_is_taken(name: str, tmp_path: Path) -> None:
    root = tmp_path / "models"
    make_folder(root / "model")
    make_folder(tmp_path / "outside")
    (root / "in").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "file").write_text("x")
    assert folder_under(root, "model") == (root / "model").resolve()
    assert folder_under(root, str(root / "model")) == (root / "model").resolve()
    with pytest.raises(EndpointRefused):
        folder_under(root, name)


def test_a_head_for_scores_says_which_dimension(tmp_path: Path) -> None:
    assert scored_dimension(make_folder(tmp_path / "words")) == ""
    accuracy = add_score_head(make_folder(tmp_path / "accuracy"), {"dimension": "accuracy"})
    check_model_folder(accuracy)
    assert scored_dimension(accuracy) == "accuracy"
    for number, facts in enumerate(({"dimension": "beauty"}, ["accuracy"], {})):
        silent = add_score_head(make_folder(tmp_path / str(number)), facts)
        with pytest.raises(EndpointRefused, match="does not say which of the six dimensions it scores"):
            scored_dimension(silent)
