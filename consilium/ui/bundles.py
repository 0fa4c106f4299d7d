"""The scripts and style sheets of a kind of page, joined into one file each when static files are collected.

static/bundles.json says what belongs together; an entry without a suffix stands for another bundle. Pages do
the same with the single files, which is what a developer sees. Pure.
"""

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

Part = Literal["styles", "scripts"]
Read = Callable[[str], str]

LIST = Path(__file__).resolve().parents[2] / "static" / "bundles.json"
SUFFIX: dict[Part, str] = {"styles": "css", "scripts": "js"}
_IMPORT = re.compile(
    r'^import (?:\{ (?P<names>[\w, ]+) \} from )?"(?P<path>\.{1,2}/[\w./]+)";$', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^\s*(?:import|export)\b|\bimport\s*\(", re.MULTILINE)


class CannotJoin(ValueError):
    """A script that uses more of modules than named imports and exports of declarations."""


def names() -> list[str]:
    """All bundles."""
    return list(_listed())


def files_of(bundle: str, part: Part) -> list[str]:
    """The single files of a bundle, in order. Raises KeyError for an unknown one."""
    found: list[str] = []
    for entry in _listed()[bundle][part]:
        found += [entry] if "." in entry else files_of(entry, part)
    return found


def joined_path(bundle: str, part: Part) -> str:
    """Where the joined file lies among the static files."""
    return f"bundles/{bundle}.{SUFFIX[part]}"


def join(bundle: str, part: Part, read: Read) -> str:
    """The joined file; `read` gives the text of a static file. Raises CannotJoin."""
    if part == "styles":
        return "\n".join(read(name) for name in files_of(bundle, part))
    modules = list(dict.fromkeys(_with_imports(files_of(bundle, part), read, ())))
    return "".join(_wrapped(name, modules, read(name)) for name in modules)


def _listed() -> dict[str, dict[Part, list[str]]]:
    listed: dict[str, dict[Part, list[str]]] = json.loads(LIST.read_text(encoding="utf-8"))
    return listed


def _with_imports(entries: list[str], read: Read, above: tuple[str, ...]) -> Iterator[str]:
    """Each script after those that it imports, as a browser runs them."""
    for name in entries:
        if name in above:
            raise CannotJoin(f"{name} imports itself by way of {' and '.join(above)}.")
        wanted = [_absolute(name, found["path"]) for found in _IMPORT.finditer(read(name))]
        yield from _with_imports(wanted, read, (*above, name))
        yield name


def _absolute(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _wrapped(name: str, modules: list[str], text: str) -> str:
    """A module as a function of its own scope, whose exports the later ones take."""

    def taken(found: re.Match[str]) -> str:
        if not found["names"]:
            return ""
        words = ", ".join(word.strip().replace(" as ", ": ") for word in found["names"].split(","))
        return f"const {{ {words} }} = $m{modules.index(_absolute(name, found['path']))};"

    body = _IMPORT.sub(taken, text)
    exported = _EXPORT.findall(body)
    body = _EXPORT.sub("", body)
    if left := _OTHER.search(body):
        raise CannotJoin(f"{name}: {left.group().strip()!r} cannot be joined; name what is taken or given.")
    number = modules.index(name)
    return f"// {name}\nconst $m{number} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"
