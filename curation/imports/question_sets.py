"""Takes published question sets in, in their own layouts, as questions that are held out for testing.

What comes out of the files is read by the same code as any other import: pictures are rebuilt, texts that may
name a person are held, questions are grouped by patient and picture. All of it is for the test: a picture
that is kept for training here already brings no question.
"""

import json
import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from curation.imports.deidentify import RefusedItem, file_place
from curation.imports.formats import ImportFormat, ImportWork, Taken
from curation.imports.image_names import loosely
from curation.imports.plan import Plan, make_plan
from curation.imports.set_layouts import LAYOUTS, RowUnfit, SetLayout, SetQuestion
from curation.imports.set_rows import FileUnread, Row, read_set_rows
from curation.imports.store import store_pictures, store_questions
from curation.imports.uploads import Received, plain_path
from curation.models import Use

LINES: Final = ".jsonl"
PACKED: Final = (".zip", ".gz", ".tar", ".tgz", ".pkl", ".pickle")
PICTURES: Final = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", "")


@dataclass(slots=True)
class _Unpacked:
    """New files for the importer, what is refused already, where each came from, and what is asked for.

    Lines of questions lie above all folders, so that a picture is found wherever the set keeps it, while
    only one fits. `of`: by the name of a file of lines, the file that was given. `rows`: by the name of a
    picture, the place of its row.
    """

    files: list[Received] = field(default_factory=list)
    refused: list[RefusedItem] = field(default_factory=list)
    of: dict[str, Received] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    number: int = 0

    def new_file(self, out: Path, name: str, size: int = 0) -> Path:
        """Where a file lies beside the uploaded ones, numbered after them."""
        made = Received(name, f"{self.number:05d}", size)
        self.number += 1
        self.files.append(made)
        return out / made.stored

    def refuse(self, file: Received, reason: str, at: str = "") -> None:
        """Note a file or row that stays out."""
        self.refused.append(RefusedItem(file.name + at, reason, file_place(file) + at))


def take_set(layout: SetLayout, work: ImportWork) -> Taken:
    """Questions and pictures of one published set, each question whole or not at all."""
    # Anew at each try: what a try that died has left goes with the uploaded files.
    with TemporaryDirectory(dir=work.folder, prefix="unpacked-") as out:
        unpacked = _unpack(layout, work.received, work.folder, Path(out))
        plan = _plan(work, unpacked, Path(out))
        if work.handle is None:
            number = len(plan.pictures) + len(plan.questions)
        else:
            number = store_pictures(plan, work.handle) + store_questions(plan, work.handle)
    refused = [*unpacked.refused, *(_told(one, unpacked) for one in plan.refused)]
    return Taken(number, plan.duplicates, refused, len(plan.by_name))


def _plan(work: ImportWork, unpacked: _Unpacked, folder: Path) -> Plan:
    assert work.source is not None
    return make_plan(
        unpacked.files,
        folder,
        source=work.source,
        batch=work.batch,
        keep=work.handle is not None,
        folders=work.folders,
        done=work.told("{done} of {total} files looked at"),
        use=Use.TEST,
    )


def _unpack(layout: SetLayout, received: Sequence[Received], folder: Path, out: Path) -> _Unpacked:
    """Write the questions and the pictures of the rows into `out`; link the pictures asked for there."""
    made = _Unpacked(number=len(received))
    sets = [file for file in received if layout.files.fullmatch(_basename(file.name))]
    for file in received:
        if _suffix(file.name) in PACKED:
            made.refuse(file, "it is packed; unpack it first, and import what is in it")
    if not sets and received:
        made.refuse(received[0], f"this and the other files hold no questions of {layout.label}")
    for file in sets:
        _unpack_file(layout, file, folder, out, made)
    for file in received:
        if _suffix(file.name) in PICTURES and posixpath.basename(loosely(file.name)) in made.asked:
            os.link(folder / file.stored, out / file.stored)
            made.files.append(file)
    return made


def _unpack_file(layout: SetLayout, file: Received, folder: Path, out: Path, made: _Unpacked) -> None:
    name = f"{made.number:05d}{LINES}"
    made.of[name] = file
    with made.new_file(out, name).open("xb") as lines:
        number = 0
        try:
            for number, row in read_set_rows(folder / file.stored, file.name, layout.needed):
                line = _line(layout, file, number, row, out, made)
                lines.write(line + b"\n")  # refused rows are counted like the others
        except FileUnread as unread:
            made.refuse(file, str(unread), f" row {number + 1}" if number else "")


def _line(
    layout: SetLayout, file: Received, number: int, row: Row | None, out: Path, made: _Unpacked
) -> bytes:
    """The line of a row for the importer, empty for one that is refused; its pictures become files."""
    at = f" row {number}"
    try:
        if row is None:
            raise RowUnfit(f"it is no row of {layout.label}")
        asked = layout.read(row, f"{PurePosixPath(file.name).stem}:{number}")
    except RowUnfit as unfit:
        made.refuse(file, str(unfit), at)
        return b""
    line = asked.line if not asked.pictures else asked.line | {"images": _names(file, at, asked, out, made)}
    given = line["images"] if isinstance(line["images"], list) else []
    made.asked |= {posixpath.basename(loosely(plain_path(one))) for one in given if isinstance(one, str)}
    kept = {name: said for name, said in line.items() if said not in ("", None)}
    return json.dumps(kept, ensure_ascii=True).encode()


def _names(file: Received, at: str, asked: SetQuestion, out: Path, made: _Unpacked) -> list[str]:
    names = [f"{file.name}{at} picture {position}" for position in range(1, len(asked.pictures) + 1)]
    for name, picture in zip(names, asked.pictures, strict=True):
        made.rows[name] = file_place(file) + at
        made.new_file(out, name, len(picture)).write_bytes(picture)
    return names


def _told(refused: RefusedItem, unpacked: _Unpacked) -> RefusedItem:
    """What the plan refused, by row of the file that was given."""
    name, _, number = refused.item.partition(" line ")
    if (file := unpacked.of.get(name)) is not None:
        return RefusedItem(f"{file.name} row {number}", refused.reason, f"{file_place(file)} row {number}")
    return RefusedItem(refused.item, refused.reason, unpacked.rows.get(refused.item, refused.place))


def _basename(name: str) -> str:
    return PurePosixPath(name).name


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _recognises(layout: SetLayout, names: Sequence[str]) -> bool:
    signs = layout.signs
    has_sign = signs is not None and any(signs.fullmatch(_basename(name)) for name in names)
    return has_sign and any(layout.files.fullmatch(_basename(name)) for name in names)


QUESTION_SETS: Final = tuple(
    ImportFormat(
        name=layout.name,
        label=layout.label,
        meaning=f"{layout.meaning}; for testing alone",
        take_in=partial(take_set, layout),
        recognises=partial(_recognises, layout),
    )
    for layout in LAYOUTS
)
