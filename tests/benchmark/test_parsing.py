"""`python -m benchmark.parsing` as people script against it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.parsing import main
from consilium.answers.dimensions import DIMENSIONS

ROOT = Path(__file__).parents[2]


def write(tmp_path: Path, *lines: object) -> str:
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return str(path)


def test_judge_replies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path, {"id": "x", "text": '{"accuracy": "A", "overall": "tie"}'}, "", {"id": 2, "text": "?"}
    )
    assert main([path]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(first["verdict"]) == list(DIMENSIONS)
    assert (first["id"], first["verdict"]["accuracy"], first["verdict"]["overall"]) == ("x", "A", "tie")
    assert first["verdict"]["relevance"] is None
    assert second == {"id": 2, "verdict": dict.fromkeys(DIMENSIONS), "reason": "no verdict stated"}


def test_lines_end_at_a_line_feed_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": f"{separator}1", "text": f"a{separator}[[B]]"} for separator in "\u2028\u2029\u0085"]
    path = tmp_path / "replies.jsonl"
    path.write_bytes("\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    assert main([str(path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]
    assert [(line["id"], line["verdict"]["overall"]) for line in lines] == [(row["id"], "B") for row in rows]


def test_option_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"id": 1, "text": "<answer>D</answer>"})
    assert main([path, "--kind", "mcq", "--letters", "ABCD"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": 1, "verdict": "D", "reason": "answer block"}
    assert main([path, "--kind", "mcq", "--letters", "ABC"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "replies.jsonl line 2 is not JSON"),
        ("[1]", "line 2 must be an object with id and text"),
        ('{"id": 1}', "line 2 must be an object with id and text"),
        ('{"id": null, "text": "B"}', "line 2: id must be"),
        ('{"id": 1, "text": ["B"]}', "line 2: text must be text"),
        ("[" * 100_000, "line 2 holds"),
        (f'{{"id": {"9" * 5000}, "text": ""}}', "line 2 holds"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_printed(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, {"id": 1, "text": "B"}, line)
    assert main([path]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_unreadable_files_and_letters_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 2
    (tmp_path / "x.jsonl").write_bytes(b'\n{"id": 1, "text": "\xff"}')
    assert main([str(tmp_path / "x.jsonl")]) == 2
    assert "x.jsonl line 2 is not UTF-8" in capsys.readouterr().err
    assert main([write(tmp_path, {"id": 1, "text": "B"}), "--kind", "mcq", "--letters", "ab"]) == 2


def test_as_a_module_without_django(tmp_path: Path) -> None:
    code = (
        "import runpy, sys, atexit; atexit.register(lambda: sys.stderr.write(str('django' in sys.modules)));"
        "runpy.run_module('benchmark.parsing', run_name='__main__')"
    )
    path = write(tmp_path, {"id": "\ud800", "text": "\u00e9 [[B]]"})
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert json.loads(done.stdout)["verdict"]["overall"] == "B"
    assert done.stderr == "False"


def test_published_tables_are_whole() -> None:
    tables = json.loads((ROOT / "benchmark" / "data" / "medrewardbench_tables.json").read_text())
    rows = tables["table2_overall_by_organ"]
    assert len(rows) > 30
    assert all(len(row) == 14 for row in rows.values())
