"""Views, commands and tasks catch refusals, and never what a bug raises."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_tree import ROOT, tracked

BUGS = {"Exception", "ValueError", "LookupError", "KeyError", "TypeError", "RuntimeError", "AttributeError"}
DOORS = ("*views.py", "*/views/*.py", "*/management/commands/*.py", "*tasks.py", "consilium/pages.py")


def caught(path: Path) -> Iterator[str]:
    """file:line Name of each exception that the file catches by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for kind in kinds:
                name = "Exception" if kind is None else ast.unparse(kind)
                yield f"{path.relative_to(ROOT)}:{node.lineno} {name}"


def test_no_door_to_the_house_catches_a_bug() -> None:
    doors = [path for path in tracked(*DOORS) if "tests" not in path.parts]
    assert len(doors) > 30
    found = [one for path in doors for one in caught(path)]
    assert [one for one in found if one.split()[1] in BUGS] == []


def test_no_use_case_refuses_with_a_value_error() -> None:
    """An exception class of an app or of a kernel room with a database is a Refused, or a fault by design."""
    faults = {"Exception", "ValueError", "LookupError"}
    by_design = {
        "Cancelled", "CannotJoin", "ContentDiffers", "JobPostponed", "LeaseLost", "NotAnAnswer", "SealBroken",
        "SecondPlaceMissed", "ServingFailed", "SeveralMeant", "UnknownKind", "WritersBusy",
        "_Again", "_CutOff", "_Final", "_LostRace", "_NoValue",
    }  # fmt: skip
    rooms = ("consilium/*.py", "curation/*.py", "annotation/*.py", "benchmark/*.py", "dashboard/*.py")
    pure = (
        "consilium/statistics/", "curation/gate/", "curation/imaging/", "benchmark/parsing.py",
        "consilium/refusals.py",
    )  # fmt: skip
    found = {
        node.name
        for path in tracked(*rooms)
        if not str(path.relative_to(ROOT)).startswith(pure)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & faults
    }
    assert found == by_design
