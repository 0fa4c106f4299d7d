"""docs/security.md: every attack and fault has a test that exists, or says why it cannot happen here."""

import ast
import re
from dataclasses import dataclass
from functools import cache

import pytest

from tests.architecture.test_tree import ROOT, tracked

PAGE = ROOT / "docs" / "security.md"
TABLES = {"Attacks": 52, "Faults": 26}
NAME = re.compile(r"`([\w/]+\.py)::(test_\w+)`( \(soak\))?")
NOT_APPLICABLE = "Not applicable because "
SOAK_ALONE = "In `make soak` alone: "


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    number: int
    what: str
    stops: str
    proof: str

    def names(self) -> list[tuple[str, bool]]:
        """Each test that the row names, and whether the row calls it one of the soak."""
        return [(f"{file}::{test}", bool(soak)) for file, test, soak in NAME.findall(self.proof)]


def rows_under(heading: str) -> list[Row]:
    """The lines of the table under that heading."""
    section = PAGE.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    assert [len(line) for line in cells] == [4] * len(cells), "a line has more or fewer cells than four"
    return [Row(int(line[0]), *line[1:]) for line in cells[2:]]


@cache
def suite() -> dict[str, bool]:
    """Each test as file::name, files counted from tests/, and whether it belongs to the soak."""
    found = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        whole = any(_has_soak(node.value) for node in tree.body if isinstance(node, ast.Assign))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = f"{path.relative_to(ROOT / 'tests')}::{node.name}"
                found[name] = whole or any(map(_has_soak, node.decorator_list))
    return found


def _has_soak(marks: ast.expr) -> bool:
    """Whether a mark, or one of a list of marks, is the soak's; a single case of a test does not count."""
    listed = marks.elts if isinstance(marks, ast.List) else [marks]
    return "pytest.mark.soak" in map(ast.unparse, listed)


@pytest.mark.parametrize(("heading", "count"), TABLES.items())
def test_the_rows_are_numbered_without_a_gap(heading: str, count: int) -> None:
    rows = rows_under(heading)
    assert [row.number for row in rows] == list(range(1, count + 1))
    assert [row.number for row in rows if len(row.what) < 20 or not row.stops] == []


@pytest.mark.parametrize("heading", TABLES)
def test_every_row_names_tests_that_exist_or_says_why_it_cannot_happen(heading: str) -> None:
    known = suite()
    for row in rows_under(heading):
        named = row.names()
        if row.proof.startswith(NOT_APPLICABLE):
            assert len(row.proof) > len(NOT_APPLICABLE) + 40, f"row {row.number} gives no real reason"
        else:
            assert named, f"row {row.number} has neither a test nor a reason"
        # What looks like the name of a test but is not read as one would be compared with nothing.
        assert row.proof.count("::") == len(named), f"row {row.number} names a test in another form"
        assert [name for name, _ in named if name not in known] == [], f"row {row.number}"


@pytest.mark.parametrize("heading", TABLES)
def test_what_only_the_soak_proves_is_called_so(heading: str) -> None:
    known = suite()
    for row in rows_under(heading):
        named = row.names()
        assert [name for name, called in named if called != known[name]] == [], f"row {row.number}"
        alone = bool(named) and all(called for _, called in named)
        assert row.proof.startswith(SOAK_ALONE) == alone, f"row {row.number}"


def test_the_page_is_found_and_says_how_to_report() -> None:
    assert PAGE in tracked("docs/*.md")
    for name in ("README.md", "SECURITY.md"):
        assert "docs/security.md" in (ROOT / name).read_text(), name
    told = (ROOT / "SECURITY.md").read_text()
    assert re.search(r"^## How to report", told, re.M)
    assert "90 days" in told


def test_a_wrong_name_or_a_missing_row_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = PAGE.read_text()
    number, name = next((row.number, row.names()[0][0]) for row in rows_under("Attacks") if row.names())

    class Changed:
        def __init__(self, text: str) -> None:
            self.text = text

        def read_text(self) -> str:
            return self.text

    changes = {
        test_every_row_names_tests_that_exist_or_says_why_it_cannot_happen: (name, f"{name}_gone"),
        test_the_rows_are_numbered_without_a_gap: (f"| {number} | ", f"| {number + 1} | "),
        test_what_only_the_soak_proves_is_called_so: (f"`{name}`", f"`{name}` (soak)"),
    }
    for check, (old, new) in changes.items():
        assert old in real
        monkeypatch.setattr(f"{__name__}.PAGE", Changed(real.replace(old, new, 1)))
        arguments = ("Attacks", 52) if check is test_the_rows_are_numbered_without_a_gap else ("Attacks",)
        with pytest.raises(AssertionError):
            check(*arguments)  # type: ignore[operator]
