"""The training rows of a materialised release: a folder with rows.jsonl and the image files; those of traces.

What a row of preferences is stands in `preferences.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from consilium.answers import think_answer, trace_prompt
from training.job.files import sha256_file
from training.job.rewards import is_right
from training.job.spec import NEUTRAL, SpecError

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL import Image

ROWS = "rows.jsonl"
# What a release holds. Other formats have decoders that nobody here needs, and some start programs.
_FORMATS = ("PNG", "JPEG")
_LETTER = re.compile(r"[A-Z]")


@dataclass(frozen=True, slots=True)
class Sample:
    """One curated trace: absolute image paths, question, options A.., gold (letter or text), reply in the
    format; `place` names its row and line.
    """

    id: str
    images: tuple[Path, ...]
    question: str
    options: dict[str, str]
    gold: str
    reply: str
    specialty: str
    place: str = ""

    def with_texts(self, change: Callable[[str], str]) -> Sample:
        """Return the sample with every text changed so."""
        return dataclasses.replace(
            self,
            question=change(self.question),
            options={letter: change(text) for letter, text in self.options.items()},
            gold=change(self.gold),
            reply=change(self.reply),
        )

    def prompt(self, paradigm: str = NEUTRAL) -> str:
        """Return the text of the prompt, with the paradigm's guideline unless it is the neutral one."""
        return trace_prompt.build(
            self.question, self.options, paradigm=None if paradigm == NEUTRAL else paradigm
        )


class PicturedRow(Protocol):
    """A row of a release with images."""

    @property
    def images(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def place(self) -> str: ...  # noqa: D102


def load(folder: Path, specialty: str | None = None) -> list[Sample]:
    """Return the rows whose use is train, of one specialty when named, in file order.

    Every image is checked against its SHA-256 and decoded, every reply against its gold answer; an option
    without a text is dropped. Raises SpecError naming the row, also when no row is left.
    """
    samples = [
        _sample(row, folder, row_place(row, number))
        for number, row in numbered_rows(folder)
        if row.get("split") == "train" and specialty in (None, row.get("specialty"))
    ]
    check_pictures(samples)
    if not samples:
        what = f"of {specialty} " if specialty else ""
        raise SpecError(f"data: the release holds no trace {what}for training (use = train)")
    return samples


def load_questions(folder: Path) -> list[Sample]:
    """Return the rows with options and a specialty whose use is dev, in file order, without replies.

    They are checked as those for training. Raises SpecError naming the row, also when no row is left.
    """
    questions = [
        _question(row, folder, row_place(row, number))
        for number, row in numbered_rows(folder)
        if row.get("split") == "dev" and row.get("options") and row.get("specialty")
    ]
    check_pictures(questions)
    if not questions:
        raise SpecError("data: the release holds no dev question (use = dev) with options and a specialty")
    return questions


def rows_digest(folder: Path) -> str:
    """Return one SHA-256 over the rows, which hold their images' checksums, and over images without one.

    Raises SpecError.
    """
    whole = hashlib.sha256(sha256_file(_rows_file(folder)).encode())
    for _, row in numbered_rows(folder):
        names = [] if row.get("sha256") else row.get("images")
        for name in names if isinstance(names, list) else []:
            path = folder / str(name)
            whole.update(f"{name}\0{sha256_file(path) if path.is_file() else ''}\n".encode())
    return whole.hexdigest()


def open_images(files: Iterable[str | Path | IO[bytes]], max_pixels: int) -> list[Any]:
    """Open images as RGB, each reduced to at most `max_pixels` pixels."""
    opened = []
    for file in files:
        picture = _decoded(file)
        share = math.sqrt(max_pixels / (picture.width * picture.height))
        if share < 1:
            picture = picture.resize(
                (max(1, int(picture.width * share)), max(1, int(picture.height * share)))
            )
        opened.append(picture)
    return opened


def as_dataset(rows: list[dict[str, Any]], max_pixels: int) -> Dataset:
    """Return a dataset of `rows` whose `images` (paths) are opened when they are read."""
    from datasets import Dataset

    # No closure: processes that prepare rows are handed it.
    return Dataset.from_list(rows).with_transform(partial(_opened, max_pixels=max_pixels))


def _opened(batch: dict[str, list[Any]], max_pixels: int) -> dict[str, list[Any]]:
    opened = [open_images(paths, max_pixels) for paths in batch["images"]]
    return {**batch, "images": opened, "prompt": [_as_given(talk) for talk in batch["prompt"]]}


def message(role: str, text: str) -> list[dict[str, str]]:
    """Return a conversation of one message."""
    return [{"role": role, "content": text}]


def _as_given(talk: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the nulls with which a table fills up parts of a message: templates may look for keys."""
    return [
        turn if isinstance(turn["content"], str) else turn | {"content": list(map(_told, turn["content"]))}
        for turn in talk
    ]


def _told(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if value is not None}


def unusable(place: str, fault: str) -> SpecError:
    """Return the refusal of one row, which says what to do."""
    return SpecError(f"data: {place}{fault}. Correct it or leave it out, and freeze a new release.")


def _rows_file(folder: Path) -> Path:
    path = folder / ROWS
    if path.is_symlink() or not path.is_file():
        raise SpecError(f"data: the folder has no {ROWS} of its own; it is not a materialised release")
    return path


def numbered_rows(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every row with the number of its line. Raises SpecError."""
    # Bytes, so that lines end at \n only: U+2028, U+2029 and U+0085 may stand inside a JSON string.
    with _rows_file(folder).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _row(line, number)


def row_place(row: dict[str, Any], number: int) -> str:
    """Return how a refusal calls the row on that line."""
    named = f"row {str(row['id'])[:80]!r}, " if row.get("id") else ""
    return f"{named}{ROWS} line {number}"


def _row(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"data: {ROWS} line {number} is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise SpecError(f"data: {ROWS} line {number} is not a JSON object")
    return row


def _sample(row: dict[str, Any], folder: Path, place: str) -> Sample:
    question = _question(row, folder, place)
    if not row.get("reasoning"):
        raise unusable(place, " has no reasoning")
    check_texts({"reasoning": row["reasoning"]}, place)
    letters = "".join(sorted(question.options))
    return replace(question, reply=_reply(row["reasoning"], question.gold, letters, place))


def _question(row: dict[str, Any], folder: Path, place: str) -> Sample:
    """A row as it is asked, without the reply that it may have."""
    missing = [key for key in ("id", "images", "question", "answer") if not row.get(key)]
    if missing:
        raise unusable(place, f" has no {missing[0]}")
    options = options_of(row.get("options") or {}, place)
    gold = str(row.get("answer_label") or row["answer"])
    check_texts({"question": row["question"], "answer": gold} | options, place)
    if options:
        _check_gold(row, options, gold, place)
    return Sample(
        id=str(row["id"]),
        images=images_of(row, folder, place),
        question=row["question"],
        options=options,
        gold=gold,
        reply="",
        specialty=str(row.get("specialty", "")),
        place=place,
    )


def options_of(given: Any, place: str) -> dict[str, Any]:
    """Return the options that have a text: tables of mixed rows fill what a row lacks with null."""
    if not isinstance(given, dict):
        raise unusable(place, ": its options are not an object of letter and text")
    options = {letter: text for letter, text in given.items() if text is not None}
    if given and not options:
        raise unusable(place, ": none of its options has a text")
    if odd := [letter for letter in options if not _LETTER.fullmatch(letter)]:
        raise unusable(place, f": option {odd[0][:20]!r} is not named by one letter from A to Z")
    return options


def _check_gold(row: dict[str, Any], options: dict[str, str], gold: str, place: str) -> None:
    """The gold letter is one of the options, and the row's own answer text is not another one's."""
    if gold not in options:
        raise unusable(place, f": answer_label {gold!r} is not one of its options")
    answer = str(row["answer"]).strip().casefold()
    named = [letter for letter, text in options.items() if text.strip().casefold() == answer]
    if named and gold not in named:
        raise unusable(
            place, f": answer_label {gold!r} is not the option that its answer names, {named[0]!r}"
        )


def check_texts(texts: dict[str, Any], place: str) -> None:
    """Raise SpecError, naming the row, unless every value is text that can be written down."""
    for name, text in texts.items():
        what = name if len(name) > 1 else f"option {name}"
        if not isinstance(text, str):
            raise unusable(place, f": {what} is not text")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise unusable(place, f": {what} holds half of a character pair") from None


def images_of(row: dict[str, Any], folder: Path, place: str) -> tuple[Path, ...]:
    """Return the images of a row, which are as their checksums say. Raises SpecError naming the row."""
    return tuple(_image(folder, name, place) for name in _named(row, place))


def _named(row: dict[str, Any], place: str) -> list[tuple[str, str | None]]:
    names, digests = row["images"], row.get("sha256") or [None] * len(row["images"])
    if not all(isinstance(given, list) for given in (names, digests)):
        raise unusable(place, ": images or sha256 is not a list")
    if len(digests) != len(names):
        raise unusable(place, f" has {len(names)} images but {len(digests)} checksums")
    return list(zip(names, digests, strict=True))


def _image(folder: Path, named: tuple[str, str | None], place: str) -> Path:
    name, digest = named
    path = (folder / str(name)).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise unusable(place, f": image {name!r} is not in the release folder")
    if digest is not None and sha256_file(path) != digest:
        raise unusable(place, f": image {name!r} does not match its checksum")
    return path


def check_pictures(samples: Iterable[PicturedRow]) -> None:
    """Decode every image once, before hours of training come to the first that cannot be.

    Raises SpecError naming the row.
    """
    from PIL import Image

    faults = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, Warning)
    seen: set[Path] = set()
    for sample in samples:
        for path in sample.images:
            if path in seen:
                continue
            try:
                _decoded(path)
            except (*faults, Image.DecompressionBombError) as error:
                fault = f": image {path.name!r} cannot be decoded as PNG or JPEG"
                raise unusable(sample.place, fault) from error
            seen.add(path)


def _decoded(file: str | Path | IO[bytes]) -> Image.Image:
    """The whole picture, as RGB."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=_FORMATS) as image:
            return image.convert("RGB")


def _reply(reasoning: str, gold: str, letters: str, place: str) -> str:
    """The reasoning in the format, whose own answer is the gold one."""
    text = reasoning.strip()
    reply = text if think_answer.format_ok(text) else think_answer.compose([text], gold)
    outcome = think_answer.parse_think_answer(reply).outcome
    if outcome is not think_answer.FormatOutcome.OK:
        raise unusable(place, f": its reasoning is not one think and one answer block ({outcome.value})")
    if not is_right(reply, gold, letters):
        raise unusable(place, f": its own reply does not answer {gold[:80]!r}, its gold answer")
    return reply
