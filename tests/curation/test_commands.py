"""The commands people script against."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from curation.models import Question, Release
from tests.factories import curation as making
from tests.factories.cast import Cast


def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / ".hidden").write_text("secret")
    (tmp_path / "images" / "a.png").write_bytes(making.png((1, 2, 3)))
    line = {
        "id": "Q1",
        "question": "What?",
        "options": {"A": "x", "B": "y"},
        "answer": "A",
        "images": ["images/a.png"],
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(line | {"use": "test"}) + "\n")
    return tmp_path


def test_a_folder_is_imported_opened_frozen_verified_exported_and_withdrawn(
    cast: Cast, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    making.source(cast.study)
    assert run("import", "chest", str(folder), "--dry-run") == {"accepted": 2, "duplicates": 0, "refused": []}
    assert not Question.objects.exists()
    assert run("import", "chest", str(folder)) == {"accepted": 2, "duplicates": 0, "held": 0, "refused": []}
    assert run("import", "chest", str(folder))["duplicates"] == 2
    Question.objects.update(state="ready")
    frozen = run("freeze", "chest", "questions", "--name", "Held out", "--by", "max")
    assert (frozen["rows"], frozen["left_out"]) == (1, {})
    assert run("verify", frozen["digest"][:12])["ok"] is True
    out = tmp_path_factory.mktemp("exports") / "held-out"
    assert run("export", frozen["digest"], str(out))["rows"] == 1
    assert (out / "MANIFEST.json").exists()
    with pytest.raises(CommandError, match="exists already"):
        run("export", frozen["digest"], str(out))
    assert run("withdraw", frozen["digest"], "--reason", "Wrong image.")["state"] == "withdrawn"
    assert Release.objects.get().withdrawn_reason == "Wrong image."


def test_refused_items_are_printed_and_end_with_exit_code_1(cast: Cast, folder: Path) -> None:
    making.source(cast.study)
    (folder / "bad.png").write_bytes(b"%PDF-1.4")
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("import", "chest", str(folder), "--json", stdout=out)
    assert ended.value.returncode == 1
    assert [each["item"] for each in json.loads(out.getvalue())["refused"]] == ["bad.png"]


def test_a_folder_imported_by_command_is_never_matched_by_name_alone(cast: Cast, folder: Path) -> None:
    making.source(cast.study)
    (folder / "images" / "a.png").rename(folder / "a.png")
    for dry in (["--dry-run"], []):
        out = io.StringIO()
        with pytest.raises(CommandError):
            call_command("import", "chest", str(folder), *dry, "--json", stdout=out)
        (refused,) = json.loads(out.getvalue())["refused"]
        assert "there is no image 'images/a.png'" in refused["reason"]
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "nowhere", "."),
        ("import", "chest", "/no/such/path"),
        ("import", "chest", ".", "--source", "x"),
        ("import", "chest", ".", "--by", "nobody"),
        ("trace", "chest", "--endpoint", "none"),
        ("freeze", "chest", "questions"),
        ("freeze", "chest", "questions", "--by", "anna"),
        ("verify", "0123456789"),
        ("verify", "zz"),
        ("withdraw", "0123456789", "--reason", "x"),
        ("export", "0123456789", "out"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_words(cast: Cast, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as ended:
        run(*arguments)
    assert ended.value.returncode == 2
    assert len(str(ended.value)) > 10


def test_the_first_lead_acts_when_nobody_is_named(cast: Cast, folder: Path) -> None:
    making.source(cast.study)
    run("import", "chest", str(folder))
    assert cast.study.imports.get().created_by == cast.lena
