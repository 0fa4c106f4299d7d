"""The last look at an export before anybody gets it: reads the finished bytes and refuses, never repairs."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from consilium.inference.models import ModelEndpoint
from consilium.people.models import Person, Study, pseudonym
from consilium.refusals import Refused
from curation.cards.croissant import ADDRESSES
from curation.cards.croissant import FILE as CROISSANT
from curation.cards.markdown import as_read
from curation.cards.own_words import own_words, without_own_words
from curation.clean_texts import known_clean, remember_clean
from curation.held_texts import Digests, harmless_everywhere
from curation.images.pixel_review import void_images
from curation.imaging.mentions import MEMORY, Mentions
from curation.keys import study_key
from curation.models import Image, Release, Source
from curation.releases.export_svg import svg_fault, svg_texts
from curation.releases.readers import credited_names
from curation.states import ImageState
from curation.text.rule import KINDS

if TYPE_CHECKING:
    import pyarrow as pa

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
PRINTED: Final = frozenset({".md", ".xml"})
# What is ours and holds no prose: hashes, ids and paths would only give false alarms.
NOT_PROSE: Final = frozenset(
    {
        "sha256",
        "images",
        "cluster",
        "rows",
        "files",
        "path",
        "lines",
        "format",
        "app_version",
        "created",
        "week",
        "locked",
        "settings",
        "table",
    }
)
# Ids and file names that this site makes; what came in with its own is looked at like any text.
IDS: Final = frozenset({"id", "question_id", "case_id", "trace_id", "image_id", "order_key"})
OWN_ID: Final = re.compile(
    r"(?:adjudication|case|cluster|external|guideline|question|review|source|step|trace|vote)-\d+|[0-9a-f]{16,64}"
)
OWN_FILE: Final = re.compile(r"[0-9a-f]{16,64}|[a-z_]+-\d{5}-of-\d{5}")
BETWEEN_WORDS: Final = re.compile(r"[._-]+")
LONG_NAME: Final = 6
# Texts up to this length are remembered as they are, longer ones by a digest.
SHORT: Final = 40
# Rows looked at together.
BATCH: Final = 100
_FIRST_WORD: Final = re.compile(r"\w+")
PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


class ExportRefused(Refused):
    """The finished files may not leave; the text names the file or row, and the rule."""


def _nothing(kind: str, text: str) -> bool:
    return False


class Watch:
    """What no text of an export may hold: names of accounts, and identifiers of any patient of the study.

    An export says everything twice, as JSON and as parquet: a text that passed is not looked at again.
    """

    def __init__(
        self,
        names: Collection[str],
        mentions: Mentions,
        *,
        declared: Collection[str] = (),
        is_harmless: Callable[[str, str], bool] = _nothing,
    ) -> None:
        """`declared`: whole texts that people chose to print. `is_harmless(kind, text)`: a lead said so."""
        self._names, self._mentions = Names(names), mentions
        own = own_words()  # somebody may have the user name "reader", which every card says
        self._names_in_print = Names([name for name in names if name.lower() not in own])
        self._printed = _whole(list(filter(None, declared)))
        self._mails = Names([name for name in names if "@" in name])
        self._declared, self._is_harmless = frozenset(filter(None, declared)), is_harmless
        self._passed: set[str | bytes] = set()
        self._clean: set[str] = set()
        self._found_clean: set[str] = set()

    @classmethod
    def of(cls, study: Study) -> "Watch":
        """Everything known today: all accounts of the site, all image headers of the study."""
        found: set[str] = set()
        stored = Image.objects.filter(study=study).values_list("fingerprints", flat=True)
        for prints in stored.iterator():
            found.update(prints)
        harmless, digests = harmless_everywhere(study), Digests(study)
        return cls(
            _account_names(),
            Mentions(study_key(study, "imaging"), found),
            declared=_declared(study),
            is_harmless=lambda kind, text: digests.of(kind, text) in harmless,
        )

    def look_up(self, texts: Iterable[str]) -> None:
        """Ask at once which of the texts, about to be looked at, the patterns have read before."""
        remember_clean(self._found_clean)
        self._found_clean.clear()
        self._clean = known_clean(text for text in texts if _key(text) not in self._passed)

    def finding(self, text: str) -> str:
        """The rule that a text breaks, or nothing."""
        if text in self._declared:
            return ""
        key = _key(text)
        if key in self._passed:
            return ""
        if rule := self._look(text):
            return rule
        if len(self._passed) > MEMORY:
            self._passed.clear()
        self._passed.add(key)
        return ""

    def finding_in_print(self, text: str) -> str:
        """As `finding`, of a page in which declared texts stand among the words of the cards."""
        if self._printed is not None:
            text = self._printed.sub("", text)
        return next(filter(None, map(self._look_in_print, text.splitlines())), "")

    def _look_in_print(self, line: str) -> str:
        if self._names_in_print.found_in(line):
            return self._of_account(line)
        if self._mentions.found_in(without_own_words(line)):
            return "an identifier from an image header"
        return self._pattern(line)

    def _look(self, text: str) -> str:
        # What nobody may declare harmless comes first.
        if self._names.found_in(text):
            return self._of_account(text)
        if self._mentions.found_in(text):
            return "an identifier from an image header"
        return self._pattern(text)

    def _of_account(self, text: str) -> str:
        what = "e-mail address" if self._mails.found_in(text) else "name"
        return f"the {what} of an account"

    def _pattern(self, text: str) -> str:
        from curation.text.find import find, readings

        if text in self._clean:
            return ""
        hits = [(hit.kind, said[hit.start : hit.end]) for said in readings(text) for hit in find(said)]
        if not hits:
            self._found_clean.add(text)
        return next((KINDS[kind] for kind, said in hits if not self._is_harmless(kind, said)), "")


class Names:
    """Looks for whole names whatever their case, in texts most of which hold not even a first word of one."""

    def __init__(self, names: Collection[str]) -> None:
        firsts = {first.group() for name in names if (first := _FIRST_WORD.match(name))}
        odd = [name for name in names if not _FIRST_WORD.match(name)]
        self._all, self._firsts, self._odd = _whole(names), _whole(firsts), _whole(odd)
        self._pieces: set[str] = set()

    def found_in(self, text: str) -> bool:
        """Whether a name stands in the text, not inside longer words."""
        if self._all is None:
            return False
        if self._odd and self._odd.search(text):
            return True
        return self._may_begin_in(text) and self._all.search(text) is not None

    def _may_begin_in(self, text: str) -> bool:
        """Whether a piece between white space holds the first word of a name: no word reaches across."""
        if self._firsts is None:
            return False
        if len(self._pieces) > MEMORY:
            self._pieces.clear()
        for piece in set(text.split()) - self._pieces:
            if self._firsts.search(piece):
                return True
            self._pieces.add(piece)
        return False


def check_export(folder: Path, *, study: Study, images: Mapping[str, str]) -> None:
    """Raise ExportRefused unless every file in `folder` may leave.

    `images`: path and SHA-256 of every file of the release.
    """
    watch = Watch.of(study)
    usable, known = _usable_images(study), frozenset(images.values())
    for name, sha256 in images.items():
        _check_name(name, f"The name of the file with SHA-256 {sha256[:16]}", watch)
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(folder).as_posix()
        _check_kind(name, path)
        if name not in images:
            _check_name(name, f"File {name}: its name", watch)
        if path.suffix == ".png":
            _check_image(name, path.read_bytes(), images.get(name), usable)
        elif path.suffix == ".parquet":
            _check_parquet(name, path, watch, known & usable)
        elif path.suffix == ".svg":
            _check_drawing(name, path.read_bytes(), watch)
        else:
            _check_text(name, path, watch)


def _check_kind(name: str, path: Path) -> None:
    starts = STARTS.get(path.suffix, ())
    if not NAME.fullmatch(name) or path.is_symlink():
        raise ExportRefused(f"File {name}: its name is not one an export may have.")
    with path.open("rb") as handle:
        if not starts or not handle.read(LONGEST_START).startswith(starts):
            raise ExportRefused(f"File {name}: its type is not one an export may hold.")


def _check_name(name: str, what: str, watch: Watch) -> None:
    """Raise ExportRefused for a path that says who somebody is."""
    for part in name.split("/"):
        stem = part.rsplit(".", 1)[0]
        said = () if OWN_FILE.fullmatch(stem) else (stem, BETWEEN_WORDS.sub(" ", stem))
        if finding := next(filter(None, map(watch.finding, said)), ""):
            raise ExportRefused(f"{what} holds {finding}.")


def _usable_images(study: Study) -> frozenset[str]:
    released = Image.objects.filter(study=study, state=ImageState.RELEASED).values_list("pk", "model_blobs")
    void = void_images(study)
    return frozenset(sha for image, blobs in released.iterator() if image not in void for sha in blobs)


def _check_image(name: str, content: bytes, expected: str | None, usable: Collection[str]) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != expected:
        raise ExportRefused(f"Image {name}: it is not the one in the manifest.")
    if sha256 not in usable:
        raise ExportRefused(f"Image {name}: its pixels are not, or no longer, released after review.")
    if fault := png_fault(content):
        raise ExportRefused(f"Image {name}: {fault}.")


def _check_drawing(name: str, content: bytes, watch: Watch) -> None:
    if fault := svg_fault(content):
        raise ExportRefused(f"Drawing {name}: {fault}.")
    for text in svg_texts(content):
        if finding := watch.finding_in_print(text):
            raise ExportRefused(f"Drawing {name}: it holds {finding}.")


def png_fault(content: bytes) -> str:
    """Why a PNG is more than its pixels, or nothing."""
    place = 8
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if kind not in PNG_CHUNKS:
            return "it holds data besides its pixels"
        place += 12 + length
        if kind == b"IEND":
            return "" if place == len(content) else "bytes follow its end"
    return "it is cut short"


def _check_text(name: str, path: Path, watch: Watch) -> None:
    if path.suffix in PRINTED:
        # As its reader sees it: a backslash between the letters of a name would hide it.
        if finding := watch.finding_in_print(as_read(path.read_text(encoding="utf-8"))):
            raise ExportRefused(f"File {name}: it holds {finding}.")
        return
    if name == CROISSANT:
        for field, text in _strings(json.loads(path.read_text(encoding="utf-8")), ""):
            if finding := watch.finding_in_print(text):
                raise ExportRefused(f"File {name}, field {field}: it holds {finding}.")
        return
    with path.open(encoding="utf-8") as handle:
        texts = handle if path.suffix == ".jsonl" else iter([handle.read()])
        number = 0
        while batch := [row for text in islice(texts, BATCH) for row in _rows_in(text)]:
            watch.look_up(text for content in batch for _, text in _strings(content, ""))
            for content in batch:
                number += 1
                _check_strings(f"{name}, row {content.get('id', number)}", content, watch)
    watch.look_up(())


def _rows_in(text: str) -> list[dict[str, Any]]:
    """The objects of a line, or of a whole file that is one object or a list of them."""
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


def _check_parquet(name: str, path: Path, watch: Watch, usable: Collection[str]) -> None:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH):
        # Most rows say the same in most columns: each distinct value is looked at once for all of them.
        prose = batch.drop_columns([column for column in batch.schema.names if column in NOT_PROSE])
        found = {
            text
            for field, column in zip(prose.schema.names, prose.columns, strict=True)
            for text in _distinct_strings(column)
            if not _is_own(field, text)
        }
        watch.look_up(found)
        is_clean = not any(map(watch.finding, found))
        _check_pixels(name, batch, usable)
        if not is_clean:
            for row in batch.to_pylist():
                _check_strings(f"{name}, row {row.get('id')}", row, watch)
    watch.look_up(())


def _check_pixels(name: str, batch: "pa.RecordBatch", usable: Collection[str]) -> None:
    """Raise ExportRefused for an image inside that is none of the release's usable ones."""
    held = [column for column in ("id", "question_id", "images", "image") if column in batch.schema.names]
    for row in batch.select(held).to_pylist():
        where = f"{name}, row {row.get('id') or row.get('question_id')}"
        for image in [row["image"]] if "image" in row else row.get("images") or []:
            if hashlib.sha256(image["bytes"]).hexdigest() not in usable:
                raise ExportRefused(
                    f"{where}: an image is not in the manifest, or its pixels are not, or no longer,"
                    " released after review."
                )
            if fault := png_fault(image["bytes"]):
                raise ExportRefused(f"{where}: of an image, {fault}.")


def _distinct_strings(values: "pa.Array") -> Iterator[str]:
    """Every text in a column, whatever it is nested in."""
    import pyarrow.types as kinds

    if kinds.is_struct(values.type):
        fields = [values.type.field(place).name for place in range(values.type.num_fields)]
        for field, inner in zip(fields, values.flatten(), strict=True):
            if field not in NOT_PROSE:
                yield from _distinct_strings(inner)
    elif kinds.is_list(values.type) or kinds.is_large_list(values.type):
        yield from _distinct_strings(values.flatten())
    elif kinds.is_string(values.type) or kinds.is_large_string(values.type):
        yield from filter(None, values.unique().to_pylist())


def _is_own(field: str, text: str) -> bool:
    """Whether a text is an id that this site made, where one belongs."""
    return field.rpartition(".")[2] in IDS and OWN_ID.fullmatch(text) is not None


def _check_strings(where: str, content: dict[str, Any], watch: Watch) -> None:
    for field, text in _strings(content, ""):
        if finding := watch.finding(text):
            raise ExportRefused(f"{where}, field {field}: it holds {finding}.")


def _strings(value: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if not _is_own(field, value):
            yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in NOT_PROSE and inner:
                yield from _strings(inner, f"{field}.{key}" if field else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, field)


def _declared(study: Study) -> set[str]:
    """Names of models, and what people chose to be printed: citations hold names of authors, and readers ask
    to be named; on cards each stands on one line. And the addresses in the vocabulary of the cards.
    """
    sources = Source.objects.filter(study=study).values_list("licence", "citation", "ethics_reference")
    models = ModelEndpoint.objects.values_list("name", flat=True)
    printed = set(chain(models, credited_names(study), *sources))
    return printed | {" ".join(text.split()) for text in printed} | ADDRESSES | _made_here(study)


def _made_here(study: Study) -> set[str]:
    """Pseudonyms and digests of the study: one in twenty has the form of a record number."""
    people = study.memberships.values_list("person", flat=True)
    digests = Release.objects.filter(study=study).values_list("digest", flat=True)
    return {pseudonym(study.pk, person) for person in people} | {*digests, study.protocol_hash}


def _account_names() -> set[str]:
    """Full names, e-mail addresses and telling user names of all accounts.

    A short one (`max`) is a word of any text.
    """
    names: set[str] = set()
    for username, shown, mail in Person.objects.values_list("username", "display_name", "email"):
        names |= {username} if len(username) >= LONG_NAME else set()
        names |= {mail} if mail else set()
        names |= {shown} if " " in shown.strip() else set()
    return names


def _whole(names: Collection[str]) -> re.Pattern[str] | None:
    if not names:
        return None
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)


def _key(text: str) -> str | bytes:
    """What stands for a text among those that passed."""
    if len(text) <= SHORT:
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
