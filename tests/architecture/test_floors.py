"""One floor below another: imports of files make no circle, and templates lean downwards only."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

from tests.architecture.test_tree import ROOT, tracked

PACKAGES = ("dashboard", "annotation", "training", "benchmark", "curation", "consilium")
# Which floor a template folder or a tag library stands on; a template uses its own floor's or a lower one's.
FLOORS: dict[str, int] = {
    "components": 0, "ui": 0, "account": 1, "mfa": 1, "allauth": 1, "people": 1,
    "single_sign_on": 1,
    "jobs": 2, "signatures": 2, "workqueue": 3, "inference": 3, "hub": 3,
    "curation": 4, "annotation": 5, "training": 5, "benchmark": 5, "dashboard": 6,
}  # fmt: skip
LIBRARIES = {
    "estimates": "annotation",
    "labels": "annotation",
    "jobs": "jobs",
    "workqueue": "workqueue",
    "ui": "ui",
}
DJANGOS = {"static", "django_htmx", "humanize", "i18n", "l10n", "tz", "account", "allauth"}
USES = re.compile(r"\{%\s*(load|include|extends)\s+(.*?)\s*%\}")
# Two rooms on one floor are siblings: they do not use each other's templates.
SIBLINGS = {"annotation", "training", "benchmark"}


def folder_of(template: Path) -> str:
    """The room of a template; what lies at the top (base.html, error pages) is ui's."""
    inside = template.relative_to(ROOT / "templates")
    return inside.parts[0] if len(inside.parts) > 1 else "ui"


def leanings(template: Path) -> Iterator[str]:
    """The rooms that a template loads from, includes or extends."""
    for verb, rest in USES.findall(template.read_text()):
        if verb == "load":
            names = rest.split(" from ")[-1].split()
            yield from (LIBRARIES[name] for name in names if name not in DJANGOS)
        elif rest.startswith(('"', "'")):
            name = rest.split()[0].strip("\"'")
            yield name.split("/")[0] if "/" in name else "ui"


def goes_up(room: str, other: str) -> bool:
    """Whether a template of `room` may not use something of `other`."""
    if room == other or (room == "ui" and other == "components"):
        return False
    return FLOORS[other] > FLOORS[room] or {room, other} <= SIBLINGS


def test_templates_lean_on_their_own_floor_or_a_lower_one() -> None:
    templates = tracked("templates/*.html")
    assert len(templates) > 80
    found = [
        f"{template.relative_to(ROOT)} uses {other}"
        for template in templates
        for other in leanings(template)
        if goes_up(folder_of(template), other)
    ]
    assert found == []


def test_the_rule_about_templates_sees_an_arrow_that_goes_up() -> None:
    assert goes_up("ui", "dashboard")
    assert goes_up("curation", "annotation")
    assert goes_up("annotation", "training")
    assert not goes_up("annotation", "components")


def test_files_import_each_other_in_no_circle() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    before = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        tuple(TopologicalSorter(before).static_order())
    except CycleError as circle:
        raise AssertionError(f"These import each other: {' -> '.join(circle.args[1])}") from None


def test_only_the_dashboard_imports_several_apps() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    apps = {"annotation", "training", "benchmark"}
    several = {
        package
        for package in PACKAGES
        if len({name for name in apps - {package} if graph.direct_import_exists(
            importer=package, imported=name, as_packages=True
        )}) > 0
    }  # fmt: skip
    assert several == {"dashboard"}
