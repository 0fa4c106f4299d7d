"""requirements-web.txt is enough for the web process, and both files pin all that they bring."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.test_tree import ROOT, tracked
from tests.harness.once import Put

WEB, WHOLE = ROOT / "requirements-web.txt", ROOT / "requirements.txt"
OWN = {"annotation", "benchmark", "consilium", "curation", "dashboard", "training"}
# Run by workers of the gpu queue, or by `make dev`, which install more.
ELSEWHERE = {
    ("curation/traces/tokens.py", "tokenizers"),
    ("annotation/label_studio/server.py", "label_studio_sdk"),
    ("consilium/urls_dev.py", "debug_toolbar"),
    ("consilium/inference/serve.py", "transformers"),
    ("consilium/inference/serve.py", "uvicorn"),
}
GPU_ROOMS = ("training/job/", "training/demo_models/")

HIDE = """
import importlib.machinery, json, os, sys

ALLOWED = set(json.loads(os.environ["ALLOWED_PACKAGES"]))
find = importlib.machinery.PathFinder.find_spec

class OnlyAllowed:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = find(name, path, target)
        if spec is None or "." in name or name in ALLOWED:
            return spec
        places = [spec.origin or "", *(spec.submodule_search_locations or ())]
        return None if any("site-packages" in place for place in places) else spec

    invalidate_caches = importlib.machinery.PathFinder.invalidate_caches
    find_distributions = importlib.machinery.PathFinder.find_distributions

sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = OnlyAllowed
"""
PROGRAM = """
import importlib, json, pkgutil, sys
import django
django.setup()
from django.core.management import call_command
call_command("setup")
call_command("check")
from consilium.wsgi import application
from django.urls import get_resolver
names = len(get_resolver().reverse_dict)
def left_out(name):
    return name.startswith(("training.job", "training.demo_models", "consilium.statistics.__main__",
                            "consilium.settings_", "consilium.urls_dev", "consilium.parent_death_launcher"))
for package in sys.argv[1:]:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not left_out(found.name):
            importlib.import_module(found.name)
from dashboard.supervisor.command_lines import missing_model_libraries
print(json.dumps({"names": names, "missing": missing_model_libraries()}))
"""


def pins(path: Path) -> Iterator[Requirement]:
    """The requirements of a file, those of files that it includes too."""
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            yield from pins(path.parent / line[3:].strip())
        elif line and not line.startswith("#"):
            yield Requirement(line)


def closure(path: Path) -> set[str]:
    """The names of all distributions that installing a file brings, as far as this environment knows."""
    waiting = [(one.name, frozenset(one.extras)) for one in pins(path)]
    known = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        for text in metadata.distribution(name).requires or []:
            needed = Requirement(text)
            wanted = needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in {"", *extras}
            )
            one = (needed.name, frozenset(needed.extras))
            if wanted and one not in known:
                known.add(one)
                waiting.append(one)
    return {canonicalize_name(name) for name, _ in known}


@pytest.fixture(scope="module")
def importable() -> set[str]:
    """The top-level packages of what requirements-web.txt installs."""
    allowed = closure(WEB)
    owners = metadata.packages_distributions()
    return {
        package for package, names in owners.items() if {canonicalize_name(name) for name in names} & allowed
    }


@pytest.mark.parametrize("path", [WEB, WHOLE], ids=lambda path: path.name)
def test_a_file_pins_exactly_what_it_brings(path: Path) -> None:
    named = list(pins(path))
    assert [str(one) for one in named if not re.fullmatch(r"==[\w.]+", str(one.specifier))] == []
    names = [canonicalize_name(one.name) for one in named]
    assert sorted(names) == sorted(set(names))
    # Of another Python version's needs this environment cannot tell: a pin may wait for one.
    assert closure(path) - set(names) == set()


def test_the_web_process_starts_with_its_own_requirements_alone(
    importable: set[str], tmp_path: Path, put_database: Put
) -> None:
    assert {"django", "pydicom", "pyarrow"} <= importable
    assert not {"torch", "transformers", "datasets", "pandas", "tokenizers"} & importable
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    environment = {
        "CONSILIUM_HOME": str(put_database(tmp_path / "home")),
        "DJANGO_SETTINGS_MODULE": "consilium.settings",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "ALLOWED_PACKAGES": json.dumps(sorted(importable)),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *sorted(OWN)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["names"] > 5
    assert told["missing"] == ["torch", "transformers", "trl", "peft", "datasets"]


def test_nothing_that_is_imported_late_comes_from_elsewhere(importable: set[str]) -> None:
    known = importable | OWN | set(sys.stdlib_module_names)
    found = set()
    for path in tracked(*(f"{package}/*.py" for package in sorted(OWN))):
        place = str(path.relative_to(ROOT))
        if not place.startswith(GPU_ROOMS):
            found |= {(place, name) for name in imported(path) if name not in known}
    assert found == ELSEWHERE


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_compose_builds_targets_that_the_dockerfile_has() -> None:
    text = (ROOT / "Dockerfile").read_text()
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    targets = {name: one["build"]["target"] for name, one in services.items() if "build" in one}
    assert targets["web"] == targets["worker"] == targets["prepare"] == "web"
    assert targets["worker-gpu"] == "worker"
    stages = dict(re.findall(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM|\Z)", text, re.DOTALL | re.MULTILINE))
    assert set(targets.values()) < set(stages)
    assert "requirements.txt" not in stages["base"] + stages["web"]
    assert "-r requirements-web.txt" in stages["base"]
    assert "-r requirements.txt" in stages["worker"]
    images = {one["image"] for one in services.values() if "build" in one}
    assert len(images) == 2
