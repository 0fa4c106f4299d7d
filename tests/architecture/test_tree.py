"""Habits that keep the tree honest."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNSAFE = re.compile(
    r"\b(pickle|marshal|shelve)\.loads?\(|trust_remote_code\s*=\s*True|torch\.load\(|\beval\(|\bexec\("
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")


def tracked(*patterns: str) -> list[Path]:
    """Tracked files of the product that match."""
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if not line.startswith("tests/architecture/")]


def matching(pattern: re.Pattern[str], *patterns: str) -> list[str]:
    """Names of tracked files in which the pattern occurs."""
    return [
        str(path.relative_to(ROOT))
        for path in tracked(*patterns)
        if path.is_file() and pattern.search(path.read_text(errors="replace"))
    ]


def test_nothing_loads_code_from_data() -> None:
    assert [name for name in matching(UNSAFE, "*.py") if not name.startswith("tests/")] == []


def test_one_module_writes_tables_for_spreadsheets_and_one_process_alone_speaks_to_a_hub() -> None:
    """A cell can be a formula, a hub makes public: who adds either mends its row in docs/security.md."""
    tables = re.compile(
        r"\bcsv\.(writer|DictWriter)\b|^\s*from csv\b|\bto_(csv|excel)\(|text/csv|openpyxl|xlsxwriter", re.M
    )
    readers = re.compile(r"^\s*import csv\b", re.M)
    hubs = re.compile(r"\bHfApi\b|huggingface_hub|push_to_hub|create_commit\(|upload_large_folder")
    assert [name for name in matching(tables, "*.py") if not name.startswith(("tests/", "perf/"))] == [
        "benchmark/report/spreadsheets.py"
    ]
    # That one, and what reads the tables of published question sets.
    assert [n for n in matching(readers, "*.py") if not n.startswith(("tests/", "perf/"))] == [
        "benchmark/report/spreadsheets.py",
        "curation/imports/set_rows.py",
    ]
    speaking = [name for name in matching(hubs, "*.py") if not name.startswith("tests/")]
    # What runs in the client's process.
    assert set(speaking) == {f"consilium/hub/{name}.py" for name in ("calls", "client", "wire")}


def test_nothing_is_left_unfinished() -> None:
    assert matching(UNFINISHED, "*.py", "*.js", "*.html") == []


def test_templates_hold_no_inline_script_or_style() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    assert matching(inline, "templates/*.html") == []


def test_every_room_of_the_kernel_says_what_it_is_for() -> None:
    rooms = [path for path in (ROOT / "consilium").iterdir() if (path / "__init__.py").exists()]
    silent = [
        room.name
        for room in rooms
        if not (room / "README.md").exists() and '"""' not in (room / "__init__.py").read_text()
    ]
    assert silent == []
