"""What an import would store: pictures, questions, the groups they form, and what it refuses."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from consilium.canonical_json import canonical_sha256
from consilium.people.models import Study
from curation.imaging.fingerprints import mentions
from curation.imports.clusters import Groups
from curation.imports.deidentify import RebuiltImage, RefusedItem, file_place, rebuild_all
from curation.imports.image_names import REFUSED, ImageNames, SeveralMeant, loosely, places
from curation.imports.questions_file import LINE_BYTES, ParsedQuestion, read_lines
from curation.imports.uploads import Received
from curation.keys import keyed, study_key
from curation.models import ClusterKey, Image, Import, Question, Source
from curation.releases.decontamination import tells_pictures_apart

SHOWN: Final = 3
QUESTION_FILES: Final = (".jsonl", ".ndjson")
CONFLICT: Final = "it ties together images that already have different uses; a use, once given, never changes"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """One question that can be stored, with its images: pixel hashes in order."""

    item: str
    question: ParsedQuestion
    pixels: tuple[str, ...]
    content: str


@dataclass(frozen=True, slots=True)
class Asker:
    """A line that asks a question, be it the first one to or not: its place, twice, and its id."""

    item: str
    place: str
    external_id: str


@dataclass(slots=True)
class Plan:
    """Everything an import found out before it stores anything.

    `use`: what all its questions and pictures are for, whatever would be drawn. `askers`: by content of a
    question, in order, the lines that ask it and were not refused.
    """

    study: Study
    source: Source
    batch: Import | None = None
    keep: bool = False
    pictures: dict[str, RebuiltImage] = field(default_factory=dict)
    known: dict[str, Image] = field(default_factory=dict)
    names: ImageNames = field(default_factory=lambda: ImageNames([]))
    questions: dict[str, ImportRequest] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    refused: list[RefusedItem] = field(default_factory=list)
    duplicates: int = 0
    by_name: set[str] = field(default_factory=set)
    groups: Groups = field(default_factory=Groups)
    use: str = ""
    askers: dict[str, list[Asker]] = field(default_factory=dict)

    def refuse(self, item: str, place: str, reason: str) -> None:
        """Note an item that stays out."""
        self.refused.append(RefusedItem(item, reason, place))


def make_plan(
    files: Sequence[Received],
    folder: Path,
    *,
    source: Source,
    batch: Import | None,
    keep: bool,
    folders: bool,
    done: Callable[[int, int], None],
    use: str = "",
) -> Plan:
    """Rebuild the images, read the questions and group them; with `keep` files taken in enter the store.

    `folders` says that the files came with theirs. `done(files through, files in all)` may raise to stop.
    `use`: what all questions and pictures are for.
    """
    names = ImageNames((file.name for file in files), folders=folders)
    plan = Plan(source.study, source, batch, keep, names=names, use=use)
    images = [file for file in files if not is_questions(file)]
    key = study_key(plan.study, "imaging")
    for outcome in rebuild_all(images, folder, key=key, done=lambda n: done(n, len(files))):
        _take_picture(plan, outcome)
    questions = [file for file in files if is_questions(file)]
    for file in questions if not plan.names.has_folders else ():
        _note_what_is_asked(plan, folder / file.stored)
    for file in questions:
        _take_questions(plan, file, folder / file.stored)
    done(len(files), len(files))
    return plan


def file_name_hash(study: Study, path: str) -> str:
    """The keyed hash under which an image remembers its file's path, however that was spelled."""
    return keyed(study_key(study, "file path"), loosely(path))


def is_questions(file: Received) -> bool:
    """Whether a file holds questions, a line each, and no picture."""
    return file.name.lower().endswith(QUESTION_FILES)


# --- images -----------------------------------------------------------------------------------------


def _take_picture(plan: Plan, outcome: RebuiltImage | RefusedItem) -> None:
    if isinstance(outcome, RefusedItem):
        plan.refused.append(outcome)
        plan.names.add(outcome.item, REFUSED)
        return
    pixels = outcome.pixel_sha256
    if pixels in plan.pictures or _stored_elsewhere(plan, pixels):
        plan.duplicates += 1
    elif not _group_picture(plan, outcome):
        plan.refuse(outcome.name, outcome.place, CONFLICT)
        plan.names.add(outcome.name, REFUSED)
        return
    else:
        plan.pictures[pixels] = outcome
    if plan.keep and _is_needed(plan, outcome):
        outcome.keep_files()
    plan.names.add(outcome.name, pixels)


def _is_needed(plan: Plan, outcome: RebuiltImage) -> bool:
    """Whether the store needs these files: those of a refused image do not come back with an equal upload."""
    stored = plan.known.get(outcome.pixel_sha256)
    if stored is not None:
        return not stored.is_out and set(outcome.blobs) <= set(stored.blobs)
    return plan.pictures[outcome.pixel_sha256] is outcome


def _stored_elsewhere(plan: Plan, pixels: str) -> bool:
    """Whether another import brought the same pixels; an image of this import (a repeated job) is not."""
    image = Image.objects.filter(study=plan.study, pixel_sha256=pixels).select_related("cluster").first()
    if image is None:
        return False
    _know(plan, image)
    return plan.batch is None or image.batch_id != plan.batch.pk


def _know(plan: Plan, image: Image) -> str:
    """Bring a stored image into the plan; returns its node."""
    plan.known[image.pixel_sha256] = image
    node = _node(image.pixel_sha256)
    plan.groups.add(node, cluster=image.cluster_id, use=image.cluster.use)
    return node


def _node(pixels: str) -> str:
    return f"c-pixels:{pixels}"


def _group_picture(plan: Plan, picture: RebuiltImage) -> bool:
    nodes = [_node(picture.pixel_sha256), *(_key_node(plan, key) for key in _keys(plan, picture))]
    plan.groups.add(nodes[0])
    return plan.groups.join(nodes)


def _keys(plan: Plan, picture: RebuiltImage) -> Iterator[str]:
    """What ties a picture to others; a synthetic set draws pictures alike: only equal pixels tie those."""
    if picture.facts.patient_key:
        yield f"a-patient:{picture.facts.patient_key}"
    bits = picture.facts.perceptual_hash
    if tells_pictures_apart(bits) and not plan.source.is_synthetic:
        yield f"b-picture:{picture.facts.kind}:{bits}"


def _key_node(plan: Plan, key: str) -> str:
    """The node of a key, with the stored cluster that owns the key."""
    hashed = keyed(study_key(plan.study, "group"), key)
    stored = ClusterKey.objects.filter(study=plan.study, key=hashed).select_related("cluster").first()
    if stored is None:
        plan.groups.add(key)
    else:
        plan.groups.add(key, cluster=stored.cluster_id, use=stored.cluster.use)
    return key


# --- questions --------------------------------------------------------------------------------------


def _note_what_is_asked(plan: Plan, path: Path) -> None:
    for line in read_lines(lines_of_file(path)):
        for name in line.question.images if line.question else ():
            plan.names.ask(name)


def _take_questions(plan: Plan, file: Received, path: Path) -> None:
    for line in read_lines(lines_of_file(path)):
        item, place = (f"{name} line {line.number}" for name in (file.name, file_place(file)))
        if line.question is None:
            plan.refuse(item, place, line.problem)
            continue
        asker = Asker(item, place, line.question.external_id)
        if problem := _take_question(plan, asker, line.question, file.name):
            plan.refuse(item, place, problem)


def lines_of_file(path: Path) -> Iterator[bytes]:
    """The lines of a file; an endless line comes in pieces that are refused as too long."""
    with path.open("rb") as handle:
        while raw := handle.readline(LINE_BYTES + 2):
            yield raw
            while len(raw) > LINE_BYTES and not raw.endswith(b"\n"):
                raw = handle.readline(LINE_BYTES + 2)


def _take_question(plan: Plan, asker: Asker, question: ParsedQuestion, file: str) -> str:
    """Add a question to the plan; returns why it cannot be, or nothing."""
    pixels: list[str] = []
    for name in question.images:
        found, problem = _find_image(plan, name, file)
        if problem:
            return problem
        pixels.append(found)
    if _names_a_patient(plan, question, pixels):
        return "its text names something that stands in the header of its image (a name, a number or a date)"
    content = content_hash(question, pixels)
    if content in plan.questions or _asked_before(plan, content, question.external_id):
        plan.duplicates += 1
        plan.askers.setdefault(content, []).append(asker)
        return ""
    if _id_taken(plan, content, question.external_id):
        return f"the id {question.external_id!r} belongs to another question of this study"
    nodes = [_node(each) for each in pixels]
    if question.patient:
        nodes.append(_key_node(plan, _patient_key(plan.study, question.patient)))
    if not plan.groups.join(nodes):
        return CONFLICT
    use = plan.use or (question.use if plan.source.is_synthetic else "")
    if use and not plan.groups.claim(nodes[0], use):
        return f"its images are already kept for {plan.groups.use_of(nodes[0])!r}; a use never changes"
    plan.ids.add(question.external_id)
    plan.askers.setdefault(content, []).append(asker)
    plan.questions[content] = ImportRequest(asker.item, question, tuple(pixels), content)
    return ""


def content_hash(question: ParsedQuestion, pixels: Sequence[str]) -> str:
    """What makes two questions the same: text, options, answer and the pixels, in order."""
    return canonical_sha256(
        [question.text, question.options, question.answer_label, question.answer, list(pixels)]
    )


def _asked_before(plan: Plan, content: str, external_id: str) -> bool:
    """Whether another import brought this question; one of this import (a repeated job) is not."""
    same = Question.objects.filter(study=plan.study, content_sha256=content).first()
    mine = same and plan.batch and same.batch_id == plan.batch.pk and same.external_id == external_id
    return same is not None and not mine


def _id_taken(plan: Plan, content: str, external_id: str) -> bool:
    others = Question.objects.filter(study=plan.study, external_id=external_id)
    return external_id in plan.ids or others.exclude(content_sha256=content).exists()


def _patient_key(study: Study, patient: str) -> str:
    return f"a-patient:{keyed(study_key(study, 'patient'), patient)}"


def _find_image(plan: Plan, name: str, file: str) -> tuple[str, str]:
    """(pixel hash, problem) of a path in a questions file: of this import first, else of an earlier one."""
    try:
        here = plan.names.find(name, file)
        bare = plan.names.find_without_folders(name) if here is None else None
    except SeveralMeant as several:
        return "", _several(name, several.paths)
    earlier = _earlier(plan, places(name, file)) if here is None else []
    if bare is not None and all(image.pixel_sha256 == bare for image in earlier):
        here = bare
        if bare != REFUSED:
            plan.by_name.add(name)
    if here is not None:
        return here, "" if here != REFUSED else f"its image {name!r} was refused"
    if not earlier:
        return "", (
            f"there is no image {name!r} in this import, nor an earlier one of its source on that path"
            + _of_namesakes(plan, name)
        )
    if len(earlier) > 1 or bare is not None:
        return (
            "",
            f"several images of this and earlier imports may be {name!r}; "
            "import the right one together with the question, under this path",
        )
    _know(plan, earlier[0])
    return earlier[0].pixel_sha256, ""


def _earlier(plan: Plan, paths: Sequence[str]) -> list[Image]:
    """Images that came on one of these paths, two at most.

    Names repeat from one data set to the next: what another source brought is never meant.
    """
    hashes = {file_name_hash(plan.study, path) for path in paths}
    images = Image.objects.filter(study=plan.study, source=plan.source, file_name_hash__in=hashes)
    return list(images.select_related("cluster")[:2])


def _several(name: str, paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return f"several images are named {name!r}; give each file a name of its own"
    shown = ", ".join(repr(path) for path in paths[:SHOWN])
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"{name!r} may be any of {shown}{more}; write the path of the right one"


def _of_namesakes(plan: Plan, name: str) -> str:
    if not plan.names.has_namesake(name):
        return ""
    return (
        "; a file of that name is there, but not on that path, and may be another picture: "
        "bring in the right one, or write the path as it is in the import"
    )


def _names_a_patient(plan: Plan, question: ParsedQuestion, pixels: Sequence[str]) -> bool:
    found: set[str] = set()
    for each in pixels:
        picture = plan.pictures.get(each)
        found |= set(picture.facts.fingerprints if picture else plan.known[each].fingerprints)
    if not found:
        return False
    texts = [question.text, question.answer, question.reference_trace, json.dumps(question.options)]
    return mentions("\n".join(texts), study_key(plan.study, "imaging"), found)
