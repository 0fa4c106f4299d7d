"""Every layout: the same bytes each time, whole or absent, and nothing leaves that must not."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from annotation.release import freeze_preferences
from consilium.blobs.store import put
from curation.layouts.own import register_layouts
from curation.layouts.registry import known
from curation.models import Image, Release
from curation.releases.contents import NewRow
from curation.releases.export import write_export
from curation.releases.export_files import write_all
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import freeze, rows_of
from curation.releases.gather import freeze_questions, freeze_traces
from curation.states import ImageState
from tests.factories import releases as making
from tests.factories.cast import Cast
from tests.harness.nth_write import Count, Killed, full_disk, kill, stopped_on_disk

register_layouts()
LAYOUTS = [(layout.name, kind) for layout in known() for kind in sorted(layout.kinds)]
FREEZE: dict[str, Callable[..., Release]] = {
    "traces": freeze_traces,
    "questions": freeze_questions,
    "preferences": freeze_preferences,
}
# What names a release or tells its day: two releases of equal content differ there.
NAMED = {"README.md", "MANIFEST.json", "croissant.json"}
every_layout = pytest.mark.parametrize(("layout", "kind"), LAYOUTS)
# The gate does not know which layout it reads: one kind of release each is enough.
each_layout = pytest.mark.parametrize(
    ("layout", "kind"), [(layout.name, max(layout.kinds)) for layout in known()]
)


def digests(folder: Path) -> dict[str, str]:
    """Each file of the folder and the hash of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@every_layout
def test_the_same_release_and_an_equal_one_give_the_same_bytes(
    cast: Cast, tmp_path: Path, layout: str, kind: str
) -> None:
    release = getattr(making, kind)(cast)
    first, again = (digests(write_export(release, tmp_path / name, layout=layout)) for name in "ab")
    assert first == again
    assert {"README.md", "MANIFEST.json", "MANIFEST.jsonl"} < set(first)
    equal = FREEZE[kind](study=cast.study, name="Once more", by=cast.max)
    assert equal.digest == release.digest
    other = digests(write_export(equal, tmp_path / "c", layout=layout))
    assert set(other) == set(first)
    assert {name for name in first if first[name] != other[name]} <= NAMED


# --- the gate -------------------------------------------------------------------------------------------


def refuse(release: Release, folder: Path, layout: str, words: str) -> None:
    """The export is refused in these words, and nothing is left of it."""
    with pytest.raises(ExportRefused, match=words):
        write_export(release, folder / "out", layout=layout)
    assert list(folder.iterdir()) == []


def changed(cast: Cast, release: Release, **fields: Any) -> Release:
    """The release with other fields in its second row."""
    news = []
    for number, row in enumerate(rows_of(release)):
        content = row.content | (fields if number == 1 else {})
        news.append(NewRow(row.row_id, content, dict(zip(content["images"], content["sha256"], strict=True))))
    return freeze(study=cast.study, kind=release.kind, name="Changed", rows=news, left_out={}, by=cast.lena)


TEXT = {"traces": "question", "questions": "question", "preferences": "answer_a"}


@each_layout
@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("As jane@hospital.org wrote.", "an e-mail address"),
        ("As lena@ward wrote.", "the e-mail address of an account"),
        ("As Doctor Whoever said.", "the name of an account"),
    ],
)
def test_an_identifier_in_a_text_is_refused_by_file_row_and_field(
    cast: Cast, tmp_path: Path, layout: str, kind: str, said: str, rule: str
) -> None:
    type(cast.lena).objects.filter(pk=cast.lena.pk).update(email="lena@ward")
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(display_name="Doctor Whoever")
    release = getattr(making, kind)(cast)
    row = rows_of(release)[1]
    planted = changed(cast, release, **{TEXT[kind]: said})
    words = rf"(\.jsonl?|\.parquet), row ({row.row_id}|None|2), field [\w.]+: it holds {rule}"
    refuse(planted, tmp_path, layout, words)


@each_layout
def test_an_identifier_in_a_file_name_is_refused(cast: Cast, tmp_path: Path, layout: str, kind: str) -> None:
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(display_name="Hans Whoever")
    release = getattr(making, kind)(cast)
    (sha256,) = rows_of(release)[1].content["sha256"]
    planted = changed(cast, release, images=["images/hans_whoever.png"], sha256=[sha256])
    words = f"The name of the file with SHA-256 {sha256[:16]} holds the name of an account"
    refuse(planted, tmp_path, layout, words)


@each_layout
def test_a_text_inside_a_png_is_refused(cast: Cast, tmp_path: Path, layout: str, kind: str) -> None:
    release = getattr(making, kind)(cast)
    note, out = PngInfo(), io.BytesIO()
    note.add_text("Patient", "Hans Whoever")
    Picture.new("RGB", (8, 8), (9, 9, 9)).save(out, "PNG", pnginfo=note)
    blob = put(out.getvalue(), "image/png")
    some = Image.objects.filter(study=cast.study).first()
    assert some is not None
    Image.objects.filter(pk=some.pk).update(model_blobs=[*some.model_blobs, blob.sha256])
    planted = changed(cast, release, images=["images/0123456789abcdef.png"], sha256=[blob.sha256])
    refuse(planted, tmp_path, layout, "it holds data besides its pixels")


@each_layout
def test_an_image_that_is_no_longer_reviewed_is_refused(
    cast: Cast, tmp_path: Path, layout: str, kind: str
) -> None:
    release = getattr(making, kind)(cast)
    shown = rows_of(release)[1].content["sha256"][0]
    (image,) = (one for one in Image.objects.all() if shown in one.model_blobs)
    Image.objects.filter(pk=image.pk).update(state=ImageState.QUARANTINED)
    refuse(release, tmp_path, layout, "no longer, released after review")


@each_layout
def test_an_identifier_on_the_card_is_refused(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, kind: str
) -> None:
    whole = write_all

    def with_a_line(release: Release, folder: Path, *rest: Any) -> None:
        whole(release, folder, *rest)
        with (folder / "README.md").open("a") as card:
            card.write("\nWrite to jane@hospital.org for more.\n")

    monkeypatch.setattr("curation.releases.export.write_all", with_a_line)
    refuse(getattr(making, kind)(cast), tmp_path, layout, r"File README\.md: it holds an e-mail address")


def test_an_id_that_came_from_elsewhere_is_looked_at_and_one_of_ours_is_not(
    cast: Cast, tmp_path: Path
) -> None:
    release = making.preferences(cast)
    planted = changed(cast, release, question_id="jane@hospital.org")
    refuse(planted, tmp_path, "hub", "field question_id: it holds an e-mail address")


# --- faults ---------------------------------------------------------------------------------------------


def writes_of(release: Release, folder: Path, layout: str) -> tuple[int, dict[str, str]]:
    """How many writes an undisturbed export makes, and its bytes."""
    with stopped_on_disk() as count:
        made = write_export(release, folder, layout=layout)
    return count.seen, digests(made)


def fails_at(number: int, release: Release, folder: Path, layout: str, problem: Any) -> Count:
    with stopped_on_disk(number, problem) as count, pytest.raises((Killed, OSError)):
        write_export(release, folder, layout=layout)
    assert not folder.exists(), f"write {number} of the export left a part"
    return count


def check_every(
    release: Release, tmp_path: Path, layout: str, problem: Any, chosen: Callable[[int], list[int]]
) -> int:
    total, whole = writes_of(release, tmp_path / "undisturbed", layout)
    for number in chosen(total):
        place = tmp_path / f"try-{number}"
        fails_at(number, release, place, layout, problem)
        if problem is full_disk:
            assert list(tmp_path.glob(f".{place.name}*")) == []
        assert digests(write_export(release, place, layout=layout)) == whole
        assert list(tmp_path.glob(f".{place.name}*")) == [], "what the killed try wrote is still there"
    return total


@each_layout
@pytest.mark.parametrize("problem", [kill, full_disk])
def test_a_fault_at_a_write_leaves_no_part_and_the_next_try_makes_the_same_bytes(
    cast: Cast, tmp_path: Path, layout: str, kind: str, problem: Any
) -> None:
    release = getattr(making, kind)(cast)
    check_every(release, tmp_path, layout, problem, lambda total: [1, total // 2, total])


@pytest.mark.soak
@every_layout
@pytest.mark.parametrize("problem", [kill, full_disk])
def test_a_fault_at_every_write(cast: Cast, tmp_path: Path, layout: str, kind: str, problem: Any) -> None:
    release = getattr(making, kind)(cast)
    total = check_every(release, tmp_path, layout, problem, lambda total: list(range(1, total + 1)))
    assert total > 10
