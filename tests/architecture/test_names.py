"""Modules are nouns or plain verbs of the field, and a public name means one thing in the whole house."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.architecture.test_tree import ROOT, tracked

# Nouns that end so; everything else in -ing would be a gerund.
NOUNS = {"pairing", "parsing", "imaging", "human_ceiling", "training"}
# Several rooms answer to the same call: the name means the same thing wherever it stands.
SHARED = {
    "Command": "every command of manage.py",
    "main": "every small tool",
    "register_jobs": "every app's kinds of job",
    "register": "every registry takes a kind",
    "find": "every registry finds a kind by name",
    "known": "every registry lists its kinds",
    "build": "every prompt is built",
    "as_messages": "every prompt becomes chat messages",
    "run": "every stage of training",
    "sweep": "every room's part in the reaper's tick",
    "validate": "every kind of work checks its content",
    "project": "every kind of work writes its typed rows",
}
# A view, a call of the browser module and a template tag are named as what they show or do.
DOORS = ("views", "api", "templatetags", "urls", "design_system")


def product_modules() -> list[Path]:
    """Python files of the product, without migrations."""
    files = tracked("*.py")
    left_out = {"tests", "perf", "migrations"}
    return [path for path in files if not left_out & set(path.relative_to(ROOT).parts)]


def test_no_module_is_named_by_a_gerund() -> None:
    names = {part for path in product_modules() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert {name for name in names if name.endswith("ing")} - NOUNS == set()


def test_a_public_name_means_one_thing() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path in product_modules():
        inside = path.relative_to(ROOT).with_suffix("")
        if set(DOORS) & set(inside.parts):
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                places[node.name].add(str(inside))
    several = {name: where for name, where in places.items() if len(where) > 1 and not name.startswith("_")}
    assert {name: sorted(where) for name, where in several.items() if name not in SHARED} == {}
