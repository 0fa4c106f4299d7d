"""The size ceilings of docs/architecture.md: they keep every file readable in one sitting."""

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 80
MEDIAN_OF_FUNCTIONS, P95_OF_FUNCTIONS = 10, 40


def product_files() -> list[Path]:
    """Every tracked Python file of the product, without migrations and tests."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [p for p in paths if "migrations" not in p.parts and p.is_file() and "tests" not in p.parts]


def lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function, its docstring and decorators left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            docstring = node.body[0] if ast.get_docstring(node) else None
            spent = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
            yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1 - spent


@pytest.fixture(scope="module")
def functions() -> dict[str, int]:
    return {name: size for path in product_files() for name, size in lengths(path)}


def test_no_file_is_over_the_ceiling() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in product_files()}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_over_the_ceiling(functions: dict[str, int]) -> None:
    assert {name: size for name, size in functions.items() if size > MOST_LINES_OF_A_FUNCTION} == {}


def test_functions_are_short_as_a_rule(functions: dict[str, int]) -> None:
    sizes = sorted(functions.values())
    assert statistics.median(sizes) <= MEDIAN_OF_FUNCTIONS
    assert sizes[int(len(sizes) * 0.95)] <= P95_OF_FUNCTIONS
