"""Which image of an import a question means, by the path that it gives. Pure.

A path counts from the folder of the questions file, from a folder above that, or from one beneath it. What is
spelled otherwise (case, %20) is found when nothing else could be meant. A file of the same name in another
folder is another file: it may show another patient.
"""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from curation.imports.uploads import plain_path

REFUSED: Final = ""


class SeveralMeant(Exception):
    """More than one image fits; `paths` are theirs, in order."""

    def __init__(self, paths: Iterable[str]) -> None:
        super().__init__("several images fit")
        self.paths = sorted(paths)


class ImageNames:
    """The files of one import by path, with what became of them: a pixel hash, or REFUSED."""

    def __init__(self, files: Iterable[str], *, folders: bool = False) -> None:
        """`files`: paths of all that came, questions too; `folders`: their folders came with them."""
        self.has_folders = folders or any("/" in name for name in files)
        self._became: dict[str, set[str]] = defaultdict(set)
        self._ends: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._asked: dict[str, set[str]] = defaultdict(set)

    def add(self, path: str, became: str) -> None:
        """Note what became of an image file."""
        self._became[path].add(became)
        loose = loosely(path)
        for end in _ends(loose):
            self._ends[end].add((loose[: len(loose) - len(end)].rstrip("/"), path))
        for folder in _above(path):
            self._folders[loosely(folder)].add(folder)

    def ask(self, asked: str) -> None:
        """Note a path that some question gives; all are noted before any is looked for."""
        path = loosely(plain_path(asked))
        self._asked[posixpath.basename(path)].add(path)

    def find(self, asked: str, questions: str) -> str | None:
        """What became of the image that a question in the file `questions` means; None when there is none.

        Raises SeveralMeant.
        """
        path, folders = plain_path(asked), _above(questions)
        exact = {place for place in places(asked, questions) if place in self._became}
        return self._only(exact or set(self._alike(path, folders)))

    def find_without_folders(self, asked: str) -> str | None:
        """As `find`, by the name alone, which is enough where an upload has lost its folders.

        None as well when the questions ask for that name in several folders (none is one of them): then it
        tells nothing.
        """
        name = posixpath.basename(loosely(plain_path(asked)))
        if self.has_folders or len(self._asked.get(name, ())) != 1:
            return None
        return self._only({path for _, path in self._ends.get(name, ())})

    def has_namesake(self, asked: str) -> bool:
        """Whether some folder has a file whose name alone is the one asked for."""
        return posixpath.basename(loosely(plain_path(asked))) in self._ends

    def _only(self, paths: set[str]) -> str | None:
        became = set().union(*(self._became[path] for path in paths))
        if len(became) > 1:
            raise SeveralMeant(paths)
        return next(iter(became), None)

    def _alike(self, path: str, folders: list[str]) -> Iterator[str]:
        """Files that are spelled almost so, or lie that way beneath the folder of the questions."""
        own, *above = [loosely(folder) for folder in folders]
        for head, found in self._ends.get(loosely(path), ()):
            beneath = not own or f"{head}/".startswith(f"{own}/")
            if (beneath or head in above) and self._is_spelled_once(found):
                yield found

    def _is_spelled_once(self, path: str) -> bool:
        """False where folders differ in their spelling only: there it tells one patient from another."""
        return all(len(self._folders[loosely(folder)]) == 1 for folder in _above(path))


def loosely(path: str) -> str:
    """A path without what computers spell differently: case, percent codes, composed characters."""
    with suppress(UnicodeDecodeError):  # then the percent sign is one of its own
        path = plain_path(unquote(path, errors="strict"))
    return unicodedata.normalize("NFC", path.lower())


def places(asked: str, questions: str) -> list[str]:
    """Where a path may lead: from the folder of the questions file and from each above it."""
    return [posixpath.join(folder, plain_path(asked)) for folder in _above(questions)]


def _above(path: str) -> list[str]:
    """The folder of a file and all above it, the nearest first; the last is "", the root."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _ends(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))
