"""The look at each file of an export: refuses and names the object, never repairs. Pure."""

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from curation.cards.markdown import as_read
from curation.gate.png import png_fault
from curation.gate.protocol import MESSAGE_LENGTH, Objection, Wanted
from curation.gate.strings import distinct_strings, prose_columns, strings_of
from curation.gate.svg import svg_fault, svg_texts
from curation.gate.watch import Finding, Watch

if TYPE_CHECKING:
    import pyarrow.parquet as pq

NAME: Final = re.compile(
    r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*|MANIFEST\.jsonl?|(README|LICENSE)\.md"
)
STARTS: Final = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".parquet": (b"PAR1",),
    ".jsonl": (b"{",),
    ".json": (b"{", b"["),
    ".xml": (b"<View>",),
    ".md": (b"---\n", b"# "),
    ".svg": (b"<svg ",),
}
LONGEST_START: Final = 8
OWN_FILE: Final = re.compile(r"[0-9a-f]{16,64}|[a-z_]+-\d{5}-of-\d{5}")
BETWEEN_WORDS: Final = re.compile(r"[._-]+")
# Rows whose texts are looked at together, and rows whose images are.
BATCH: Final = 1000
PIXEL_BATCH: Final = 100
NOT_USABLE: Final = "not, or no longer, released after review"


class Objected(Exception):
    """The finished files may not leave."""

    def __init__(self, message: str, finding: Finding | None = None) -> None:
        shown = "".join(sign if sign.isprintable() else "?" for sign in message)[:MESSAGE_LENGTH]
        super().__init__(shown)
        self.objection = Objection(shown, *((finding.kind, finding.digest) if finding else ()))


class FileLook:
    """Looks at one file after the other; raises Objected at the first that may not leave."""

    def __init__(self, wanted: Wanted, watch: Watch) -> None:
        self._wanted, self._watch = wanted, watch
        self._inside = frozenset(wanted.images.values()) & frozenset(wanted.usable)

    def images(self) -> None:
        """FileLook at the paths of the images of the release."""
        for name, sha256 in self._wanted.images.items():
            self._name(name, f"The name of the file with SHA-256 {sha256[:16]}")

    def file(self, name: str, stream: BinaryIO) -> None:
        """FileLook at one file, whose path in the export is `name`."""
        suffix = _suffix_of(name, stream)
        if name not in self._wanted.images:
            self._name(name, f"File {name}: its name")
        match suffix:
            case ".png":
                self._image(name, stream.read())
            case ".parquet":
                self._parquet(name, stream)
            case ".svg":
                self._drawing(name, stream.read())
            case ".md" | ".xml":
                # As its reader sees it: a backslash between the letters of a name would hide it.
                text = as_read(stream.read().decode("utf-8"))
                _refuse(f"File {name}: it", self._watch.finding_in_print(text))
            case _ if name in self._wanted.in_print:
                for field, text in strings_of(json.load(stream)):
                    _refuse(f"File {name}, field {field}: it", self._watch.finding_in_print(text))
            case _:
                self._rows(name, stream if suffix == ".jsonl" else iter([stream.read()]))

    def _name(self, path: str, what: str) -> None:
        """Object to a path that says who somebody is."""
        for part in path.split("/"):
            stem = part.rsplit(".", 1)[0]
            for said in () if OWN_FILE.fullmatch(stem) else (stem, BETWEEN_WORDS.sub(" ", stem)):
                _refuse(what, self._watch.finding(said))

    def _image(self, name: str, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self._wanted.images.get(name):
            raise Objected(f"Image {name}: it is not the one in the manifest.")
        if sha256 not in self._wanted.usable:
            raise Objected(f"Image {name}: its pixels are {NOT_USABLE}.")
        if fault := png_fault(content):
            raise Objected(f"Image {name}: {fault}.")

    def _drawing(self, name: str, content: bytes) -> None:
        if fault := svg_fault(content):
            raise Objected(f"Drawing {name}: {fault}.")
        for text in svg_texts(content):
            _refuse(f"Drawing {name}: it", self._watch.finding_in_print(text))

    def _rows(self, name: str, lines: Iterator[bytes]) -> None:
        number = 0
        while batch := [row for line in islice(lines, BATCH) for row in _rows_in(line)]:
            if not self._watch.are_clean({text for content in batch for _, text in strings_of(content)}):
                for place, content in enumerate(batch, number + 1):
                    self._row(f"{name}, row {content.get('id', place)}", content)
            number += len(batch)

    def _parquet(self, name: str, stream: BinaryIO) -> None:
        import pyarrow.parquet as pq

        file = pq.ParquetFile(stream)
        columns = prose_columns(file)
        for batch in file.iter_batches(BATCH, columns=columns, use_threads=False) if columns else ():
            if not self._watch.are_clean(distinct_strings(batch)):
                for row in batch.to_pylist():
                    self._row(f"{name}, row {row.get('id')}", row)
        self._pixels(name, file)

    def _pixels(self, name: str, file: "pq.ParquetFile") -> None:
        """Object to an image inside that is none of the release's usable ones."""
        names = file.schema_arrow.names
        if not {"images", "image"}.intersection(names):
            return
        held = [column for column in ("id", "question_id", "images", "image") if column in names]
        for batch in file.iter_batches(PIXEL_BATCH, columns=held, use_threads=False):
            for row in batch.to_pylist():
                where = f"{name}, row {row.get('id') or row.get('question_id')}"
                for image in [row["image"]] if "image" in row else row["images"] or []:
                    if hashlib.sha256(image["bytes"]).hexdigest() not in self._inside:
                        raise Objected(
                            f"{where}: an image is not in the manifest, or its pixels are {NOT_USABLE}."
                        )
                    if fault := png_fault(image["bytes"]):
                        raise Objected(f"{where}: of an image, {fault}.")

    def _row(self, where: str, content: dict[str, Any]) -> None:
        for field, text in strings_of(content):
            _refuse(f"{where}, field {field}: it", self._watch.finding(text))


def wrong_name(name: str) -> Objected:
    """The objection to a file whose name, or whose being a link, no export has."""
    return Objected(f"File {name}: its name is not one an export may have.")


def _suffix_of(name: str, stream: BinaryIO) -> str:
    """The ending of a file whose name and first bytes an export may have."""
    if not NAME.fullmatch(name):
        raise wrong_name(name)
    suffix = "." + name.rpartition("/")[2].rpartition(".")[2]
    start = stream.read(LONGEST_START)
    stream.seek(0)
    if not start.startswith(STARTS.get(suffix, ())):
        raise Objected(f"File {name}: its type is not one an export may hold.")
    return suffix


def _rows_in(text: bytes) -> list[dict[str, Any]]:
    """The objects of a line, or of a whole file that is one object or a list of them."""
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


def _refuse(what: str, finding: Finding | None) -> None:
    if finding:
        raise Objected(f"{what} holds {finding.rule}.", finding)
