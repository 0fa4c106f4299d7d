"""What the training process reads of folders that others made; what it refuses before it loads anything."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories.model_folders import make_folder, safetensors
from training.job import cards
from training.job.folders import check_folders, companions, folder_digest, read_from
from training.job.spec import Spec, SpecError, parse_spec

# As `hf download --local-dir` leaves a repository, beside what is loaded.
ORDINARY = ("LICENSE", "NOTICE", "LICENSE-MODEL", ".gitattributes", "README.md", "USE_POLICY.md")


def adapter(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (folder / "adapter_model.safetensors").write_bytes(safetensors())
    return folder


def merge_of(home: Path) -> Spec:
    """A merge whose base, two experts and reinforced model lie in one folder."""
    if not home.exists():
        make_folder(home / "base")
        adapter(home / "expert")
        adapter(home / "run" / "adapter")
        make_folder(home / "run" / "model")
        make_folder(home / "reinforced" / "model", hidden_size=7)
    asked: dict[str, Any] = {"stage": "merge", "base": str(home / "base"), "out": str(home / "out")}
    experts = [str(home / "expert"), str(home / "run")]
    return parse_spec({**asked, "experts": experts, "reinforced": str(home / "reinforced")})


def test_the_weights_of_a_folder_are_found(tmp_path: Path) -> None:
    spec = merge_of(tmp_path / "home")
    assert spec.reinforced is not None
    found = [read_from(folder) for folder in (*spec.experts, spec.reinforced, spec.base)]
    home = tmp_path / "home"
    assert found == [home / "expert", home / "run" / "adapter", home / "reinforced" / "model", home / "base"]


def spoil_weights(folder: Path) -> None:
    (
        folder / ("model.safetensors" if (folder / "config.json").exists() else "adapter_model.safetensors")
    ).write_bytes(safetensors({"w": {"dtype": "F32", "shape": [9, 9], "data_offsets": [0, 16]}}))


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickle": (
        lambda folder: (folder / "training_args.bin").write_bytes(b"\x80"),
        "training_args.bin is of a kind",
    ),
    "code": (lambda folder: (folder / "modeling_x.py").write_text("import os"), "modeling_x.py is of a kind"),
    "link": (lambda folder: (folder / "x.json").symlink_to("/etc/hostname"), "x.json is a link"),
    "hidden folder": (lambda folder: (folder / ".cache").symlink_to("/etc"), ".cache is a link"),
    "vocabulary": (lambda folder: (folder / "x.model").write_bytes(b"\x80"), "x.model is of a kind"),
    "weights": (spoil_weights, "unreadable header"),
    "json": (lambda folder: (folder / "tokenizer.json").write_text("{"), "not valid JSON"),
    "template": (
        lambda folder: (folder / "chat_template.jinja").write_text("{{ ''.__class__ }}"),
        "reaches for Python internals",
    ),
    "auto_map": (
        lambda folder: (folder / "tokenizer_config.json").write_text('{"auto_map": {"x": "y"}}'),
        "asks for code of its own",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("place", "label"),
    [
        ("base", "base: "),
        ("expert", "experts 'expert': "),
        ("run/adapter", "experts 'run': "),
        ("reinforced/model", "reinforced 'reinforced': "),
    ],
)
def test_a_hostile_folder_is_refused_with_its_key(tmp_path: Path, name: str, place: str, label: str) -> None:
    spec = merge_of(tmp_path / "home")
    check_folders(spec)
    spoil, reason = HOSTILE[name]
    spoil(tmp_path / "home" / place)
    with pytest.raises(SpecError, match=reason) as refusal:
        check_folders(spec)
    assert str(refusal.value).startswith(label)
    assert str(tmp_path) not in str(refusal.value)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    spec = merge_of(tmp_path / "home")
    (tmp_path / "home" / "expert" / "adapter_model.safetensors").unlink()
    with pytest.raises(SpecError, match="experts 'expert': The folder holds no adapter_model"):
        check_folders(spec)
    shutil.rmtree(tmp_path / "home" / "expert")
    with pytest.raises(SpecError, match="experts: folder 'expert' holds neither an adapter nor a model"):
        check_folders(spec)


def test_ordinary_files_of_the_hub_pass_and_only_known_ones_go_into_a_model(tmp_path: Path) -> None:
    spec = merge_of(tmp_path / "home")
    before = folder_digest(spec.base)
    for name in ORDINARY:
        (spec.base / name).write_text("terms")
    (spec.base / ".cache" / "huggingface").mkdir(parents=True)
    (spec.base / ".cache" / "huggingface" / "x.lock").touch()
    check_folders(spec)
    assert folder_digest(spec.base) == before
    (spec.base / "tokenizer.model").write_bytes(b"\x0a\xff\x00")
    (spec.base / "ward_notes.txt").write_text("no part of a model")
    (spec.base / "optimizer.json").write_text("{}")
    check_folders(spec)
    assert folder_digest(spec.base) != before
    names = [path.name for path in companions(spec.base)]
    assert names == ["LICENSE", "NOTICE", "chat_template.jinja", "tokenizer.model"]


def test_a_moved_home_is_the_same_run(tmp_path: Path) -> None:
    cards.bind(merge_of(tmp_path / "home"))
    (tmp_path / "home").rename(tmp_path / "moved")
    cards.bind(merge_of(tmp_path / "moved"))
    shutil.copytree(tmp_path / "moved", tmp_path / "copy")
    cards.bind(merge_of(tmp_path / "copy"))


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("base/config.json", "contents of base"),
        ("base/model.safetensors", "contents of base"),
        ("expert/adapter_config.json", "contents of experts"),
        ("run/adapter/adapter_model.safetensors", "contents of experts"),
        ("reinforced/model/model.safetensors", "contents of reinforced"),
    ],
)
def test_other_contents_at_the_same_place_are_another_run(tmp_path: Path, place: str, key: str) -> None:
    spec = merge_of(tmp_path / "home")
    cards.bind(spec)
    account = (tmp_path / "home" / "out" / "spec.json").read_text()
    with (tmp_path / "home" / place).open("ab") as file:
        file.write(b" ")
    with pytest.raises(SpecError, match=rf"another specification \({key}\)"):
        cards.bind(spec)
    assert (tmp_path / "home" / "out" / "spec.json").read_text() == account


def test_other_settings_or_a_run_of_an_earlier_version_are_another_run(tmp_path: Path) -> None:
    spec = merge_of(tmp_path / "home")
    cards.bind(spec)
    other = parse_spec({**spec.as_dict(), "seed": 2, "settings": {"density": 0.3}})
    with pytest.raises(SpecError, match=r"another specification \(seed, settings\)"):
        cards.bind(other)
    fewer = parse_spec({**spec.as_dict(), "experts": spec.as_dict()["experts"][:1]})
    with pytest.raises(SpecError, match=r"another specification \(contents of experts\)"):
        cards.bind(fewer)
    path = tmp_path / "home" / "out" / "spec.json"
    known = json.loads(path.read_text())
    del known["contents"]
    path.write_text(json.dumps(known))
    with pytest.raises(SpecError, match="another specification"):
        cards.bind(spec)


def test_other_rows_are_another_run(tmp_path: Path) -> None:
    make_folder(tmp_path / "base")
    (tmp_path / "data").mkdir()
    rows = tmp_path / "data" / "rows.jsonl"
    rows.write_text("{}\n")
    asked = {
        "stage": "dsa",
        "base": str(tmp_path / "base"),
        "data": str(tmp_path / "data"),
        "specialty": "any",
    }
    spec = parse_spec({**asked, "out": str(tmp_path / "out")})
    cards.bind(spec)
    rows.write_text('{"id": 2}\n')
    with pytest.raises(SpecError, match=r"another specification \(contents of data\)"):
        cards.bind(spec)


def test_a_run_that_began_before_there_was_a_setting_goes_on_with_its_default(tmp_path: Path) -> None:
    spec = merge_of(tmp_path / "home")
    cards.bind(spec)
    account = spec.out / "spec.json"
    written = json.loads(account.read_text())
    del written["settings"]["threads"]
    account.write_text(json.dumps(written))
    with pytest.raises(SpecError, match=r"another specification \(settings\)"):
        cards.bind(parse_spec({**spec.as_dict(), "settings": {"threads": 2}}))
    cards.bind(spec)
