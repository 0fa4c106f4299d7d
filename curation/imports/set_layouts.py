"""The published layouts of question sets: how a row of each becomes a question of ours. Pure.

Each reader's docstring names the columns and where they are documented. What is no field of ours is kept as a
facet, as the set gives it; what is no row of the layout is refused with a sentence.
"""

import ast
import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from consilium.refusals import Refused
from curation.imports.set_rows import Row
from curation.vocabulary import DEPARTMENTS, ORGAN_SYSTEMS

LETTERS: Final = "ABCDEFGHIJ"
PICTURES: Final = 7
FACET_LENGTH: Final = 120
ORGANS: Final = {"abd": "abdomen"}
# The subjects of MMMU's discipline Health and Medicine.
MEDICAL: Final = (
    "Basic_Medical_Science",
    "Clinical_Medicine",
    "Diagnostics_and_Laboratory_Medicine",
    "Pharmacy",
    "Public_Health",
)
_CHOICES: Final = re.compile(r"\s*Answer Choices:\s*\(A\).*\Z", re.DOTALL)
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._:/-]+")


class RowUnfit(Refused):
    """Why a row is no question of the layout; the text is for people and does not name the row."""


@dataclass(frozen=True, slots=True)
class SetQuestion:
    """A question in the fields of our own JSONL, and the pictures that lie inside the row, in order."""

    line: dict[str, Any]
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SetLayout:
    """One published set: its files, the columns that its rows need, and the reader of a row.

    `files`: fits the names of its question files. `read(row, where)`: `where` is the file's stem and the
    row's number, for sets that give their questions no id. It raises RowUnfit.
    """

    name: str
    label: str
    meaning: str
    files: re.Pattern[str]
    needed: tuple[str, ...]
    read: Callable[[Row, str], SetQuestion]
    signs: re.Pattern[str] | None = None


def read_medxpertqa(row: Row, where: str) -> SetQuestion:
    """MedXpertQA-MM: `id, question, options, label, images, medical_task, body_system, question_type`.

    huggingface.co/datasets/TsinghuaC3I/MedXpertQA (MM/dev.jsonl, MM/test.jsonl, images.zip): the question
    ends in its options ("Answer Choices: (A) ..."), which are taken off, `options` is an object or a list
    of {letter, content}, `label` a letter, `images` up to six file names.
    """
    options = _options_of_medxpertqa(row.get("options"))
    facets = _facets(row, "MedXpertQA", "medical_task", "body_system")
    line = {
        "id": _id(_text(row, "id")),
        "question": _CHOICES.sub("", _text(row, "question")),
        "images": row.get("images"),
        "question_type": _short(row, "question_type", 80),
        "facets": facets | {"answer_type": "choice"},
    }
    return SetQuestion(line | _chosen(options, _text(row, "label")))


def read_omnimedvqa(row: Row, where: str) -> SetQuestion:
    """OmniMedVQA: `dataset, question_id, question_type, question, gt_answer, image_path, option_A ...
    option_D, modality_type`.

    github.com/OpenGVLab/Multi-Modality-Arena (MedicalEval) and
    huggingface.co/datasets/foreverbeliever/OmniMedVQA: a JSON list for each source data set; two options or
    more; `gt_answer` is the text of one of them. A few rows say `modality` for `modality_type`.
    """
    options = _lettered(row.get(f"option_{letter}") for letter in "ABCD")
    modality = "modality_type" if row.get("modality_type") else "modality"
    line = {
        "id": _id(_text(row, "question_id")),
        "question": _text(row, "question"),
        "images": [_text(row, "image_path")],
        "modality": _short(row, modality, 40),
        "question_type": _short(row, "question_type", 80),
        "facets": _facets(row, "OmniMedVQA", "dataset") | {"answer_type": "choice"},
    }
    return SetQuestion(line | _chosen(options, _letter_of(options, _text(row, "gt_answer"))))


def read_pmcvqa(row: Row, where: str) -> SetQuestion:
    """PMC-VQA: `Figure_path, Question, Answer, Choice A ... Choice D, Answer_label` (version 1), or `index,
    Figure_path, Caption, Question, Choice A ... Choice D, Answer, split` (version 2: `Answer` is the letter).

    huggingface.co/datasets/xmcmic/PMC-VQA (train.csv, test.csv, test_clean.csv, images.zip; train_2.csv,
    test_2.csv): a choice begins with its own letter (" A:Focal"), which is taken off.
    """
    given = {letter: _own_letter_off(_text(row, f"Choice {letter}"), letter) for letter in "ABCD"}
    options = _lettered(given.values())
    label, answer = _cell(row, "Answer_label"), _text(row, "Answer")
    if not label:
        label = answer
    elif label in options and _same(answer, options) not in ("", label):
        raise RowUnfit("its Answer is another choice than its Answer_label")
    stem, _, number = where.rpartition(":")
    line = {
        "id": _id(f"pmcvqa:{stem}:{_cell(row, 'index') or number}"),
        "question": _text(row, "Question"),
        "images": [_text(row, "Figure_path")],
        "facets": _facets(row, "PMC-VQA", "split") | {"answer_type": "choice"},
    }
    return SetQuestion(line | _chosen(options, label))


def read_vqarad(row: Row, where: str) -> SetQuestion:
    """VQA-RAD, as its authors publish it: `qid, phrase_type, image_case_url, image_name, image_organ,
    question, question_type, answer, answer_type` and more (osf.io/89kps, "VQA_RAD Dataset Public.json"); or
    as Parquet: `image, question, answer` (huggingface.co/datasets/flaviagiammarino/vqa-rad).

    All are without options. `answer_type` is CLOSED or OPEN; the Parquet form has none: yes and no are closed
    there, as its card counts them. Images of one case belong together.
    """
    if "image" in row:
        return _pictured(row, where, "VQA-RAD", "vqarad")
    organ = _cell(row, "image_organ")
    line = {
        "id": _id(f"vqarad:{_text(row, 'qid')}"),
        "question": _text(row, "question"),
        "answer": _text(row, "answer"),
        "images": [_text(row, "image_name")],
        "body_part": organ[:40],
        "organ_system": _organ(organ),
        "patient": _cell(row, "image_case_url") or None,
        "question_type": _short(row, "question_type", 80),
        "facets": _facets(row, "VQA-RAD", "phrase_type") | {"answer_type": _answer_type(row)},
    }
    return SetQuestion(line)


def read_slake(row: Row, where: str) -> SetQuestion:
    """SLAKE: `img_id, img_name, question, answer, q_lang, location, modality, answer_type, base_type,
    content_type, triple, qid`.

    huggingface.co/datasets/BoKelvin/SLAKE (train.json, validation.json or validate.json, test.json;
    imgs.zip): every picture is called source.jpg, in a folder of its own; questions in English and Chinese;
    none has options.
    """
    location = _cell(row, "location")
    facets = _facets(row, "SLAKE", "q_lang", "base_type", "content_type")
    line = {
        "id": _id(f"slake:{_text(row, 'qid')}"),
        "question": _text(row, "question"),
        "answer": _text(row, "answer"),
        "images": [_text(row, "img_name")],
        "body_part": location[:40],
        "organ_system": _organ(location),
        "modality": _short(row, "modality", 40),
        "question_type": _short(row, "content_type", 80),
        "facets": facets | {"answer_type": _answer_type(row), "split": where.partition(":")[0]},
    }
    return SetQuestion(line)


def read_pathvqa(row: Row, where: str) -> SetQuestion:
    """PathVQA as Parquet: `image, question, answer`.

    huggingface.co/datasets/flaviagiammarino/path-vqa (data/train-*, validation-*, test-*). Without options;
    yes and no are closed. The authors' own pickles are not read.
    """
    return _pictured(row, where, "PathVQA", "pathvqa")


def read_gmai(row: Row, where: str) -> SetQuestion:
    """GMAI-MMBench: `index, image, question, A ... E, answer, category, clinical vqa task, department,
    perceptual granularity, modality, split` (in whatever case).

    huggingface.co/datasets/OpenGVLab/GMAI-MMBench and VLMEvalKit's GMAIMMBenchDataset (GMAI-MMBench_VAL.tsv):
    `image` is base64, options that a question lacks are empty, `answer` is a letter. The test files hold no
    answers and are refused.
    """
    low = {name.casefold() if name not in LETTERS else name: said for name, said in row.items()}
    options = _lettered((None if said in ("", "nan") else said) for said in map(low.get, LETTERS[:5]))
    department = _cell(low, "department")
    known = department.casefold().replace(" ", "_")
    named = {"clinical vqa task": "task", "perceptual granularity": "granularity", "department": "department"}
    facets = {to: said[:FACET_LENGTH] for name, to in named.items() if (said := _cell(low, name))}
    line = {
        "id": _id(f"gmai:{_text(low, 'index')}"),
        "question": _text(low, "question"),
        "department": known if known in DEPARTMENTS else "",
        "modality": _cell(low, "modality")[:40],
        "question_type": _short(low, "clinical vqa task", 80),
        "facets": facets | _facets(low, "GMAI-MMBench", "split") | {"answer_type": "choice"},
    }
    return SetQuestion(line | _chosen(options, _text(low, "answer")), (_decoded(_text(low, "image")),))


def read_mmmu(row: Row, where: str) -> SetQuestion:
    """MMMU, its medical subjects: `id, question, options, explanation, image_1 ... image_7, img_type, answer,
    topic_difficulty, question_type, subfield`.

    huggingface.co/datasets/MMMU/MMMU (a folder of Parquet files for each subject): `options` is a list
    written as text, `answer` a letter or, for an open question, a text; the test split's is "?". `<image
    1>` in the question says where a picture belongs and stays there.
    """
    name = _text(row, "id")
    subject = next((each for each in MEDICAL if f"_{each}_" in f"_{name}_"), "")
    if not subject:
        raise RowUnfit(f"its id {name[:60]!r} is of no medical subject; those are {', '.join(MEDICAL)}")
    answer = _text(row, "answer")
    if answer == "?":
        raise RowUnfit("its answer was not published")
    options = _lettered(_listed(_cell(row, "options")))
    pictures = tuple(_picture(row[key]) for key in _picture_columns(row) if row.get(key) is not None)
    facets = _facets(row, "MMMU", "subfield", "img_type", "topic_difficulty") | {"subject": subject}
    line = {
        "id": _id(name),
        "question": _text(row, "question"),
        "question_type": _short(row, "question_type", 80),
        "reasoning": _cell(row, "explanation"),
        "facets": facets | {"answer_type": "choice" if options else "open", "split": name.partition("_")[0]},
    }
    return SetQuestion(line | (_chosen(options, answer) if options else {"answer": answer}), pictures)


# --- what the readers share ---------------------------------------------------------------------------


def _pictured(row: Row, where: str, label: str, name: str) -> SetQuestion:
    answer = _text(row, "answer")
    is_closed = answer.casefold().rstrip(".") in ("yes", "no")
    facets = {"set": label, "answer_type": "closed" if is_closed else "open"}
    line = {
        "id": _id(f"{name}:{where}"),
        "question": _text(row, "question"),
        "answer": answer,
        "facets": facets | {"split": re.split(r"[-_:]", where)[0]},
    }
    return SetQuestion(line, (_picture(row.get("image")),))


def _text(row: Row, name: str) -> str:
    said = _cell(row, name)
    if not said:
        raise RowUnfit(f"its field {name!r} is missing or no text")
    return said


def _cell(row: Row, name: str) -> str:
    """The text of a field, a number as it is written; empty for anything else."""
    said = row.get(name)
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    return str(said).strip() if isinstance(said, str) or is_number else ""


def _short(row: Row, name: str, longest: int) -> str:
    said = _cell(row, name)
    if len(said) > longest:
        raise RowUnfit(f"its field {name!r} is longer than {longest} characters")
    return said


def _id(name: str) -> str:
    return _UNFIT.sub("_", name).strip("_")


def _facets(row: Row, label: str, *names: str) -> dict[str, str]:
    said = {name: _cell(row, name)[:FACET_LENGTH].strip() for name in names}
    return {"set": label} | {name: text for name, text in said.items() if text}


def _answer_type(row: Row) -> str:
    said = _text(row, "answer_type").casefold()
    if said not in ("open", "closed"):
        raise RowUnfit(f"its answer_type is OPEN or CLOSED, not {said[:40]!r}")
    return said


def _organ(said: str) -> str:
    name = said.casefold().replace(" ", "_")
    name = ORGANS.get(name, name)
    return name if name in ORGAN_SYSTEMS else ""


def _lettered(texts: Iterable[Any]) -> dict[str, str]:
    """Options A, B, ... of texts in order; those that are missing at the end are none."""
    given = list(texts)
    while given and given[-1] in (None, ""):
        given.pop()
    if len(given) > len(LETTERS):
        raise RowUnfit(f"it has more than {len(LETTERS)} options")
    if any(not isinstance(text, str | int | float) or not str(text).strip() for text in given):
        raise RowUnfit("one of its options is missing or no text")
    return {letter: str(text).strip() for letter, text in zip(LETTERS, given, strict=False)}


def _options_of_medxpertqa(said: Any) -> dict[str, str]:
    if isinstance(said, list) and all(isinstance(one, dict) for one in said):
        said = {one.get("letter"): one.get("content") for one in said}
    if not isinstance(said, dict) or not all(isinstance(letter, str) for letter in said):
        raise RowUnfit("its options are no texts by letter")
    return _lettered(said[letter] for letter in sorted(said))


def _chosen(options: Mapping[str, str], label: str) -> dict[str, Any]:
    """The options and the gold letter; a gold option that reads like another marks right answers wrong."""
    if label not in options:
        raise RowUnfit(f"its answer {label[:40]!r} is the letter of no option")
    gold = options[label].casefold()
    if sum(text.casefold() == gold for text in options.values()) > 1:
        raise RowUnfit("another option reads like the right one")
    return {"options": dict(options), "answer": label}


def _letter_of(options: Mapping[str, str], answer: str) -> str:
    found = _same(answer, options)
    if not found:
        raise RowUnfit(f"its answer {answer[:40]!r} is the text of no option")
    return found


def _same(answer: str, options: Mapping[str, str]) -> str:
    """The first letter whose option reads like the answer, whatever its case; or nothing."""
    return next((letter for letter, text in options.items() if text.casefold() == answer.casefold()), "")


def _own_letter_off(choice: str, letter: str) -> str:
    return re.sub(rf"\A{letter}\s*[:.)]\s*", "", choice)


def _listed(said: str) -> list[str]:
    """The texts of a list that is written as text; nothing in it is run."""
    try:
        found = ast.literal_eval(said) if said else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise RowUnfit("its options are no list of texts")
    return found


def _picture_columns(row: Row) -> list[str]:
    return [f"image_{number}" for number in range(1, PICTURES + 1) if f"image_{number}" in row]


def _picture(said: Any) -> bytes:
    """The bytes of an image column of the Hub: a struct of bytes and path."""
    picture = said.get("bytes") if isinstance(said, dict) else None
    if not isinstance(picture, bytes) or not picture:
        raise RowUnfit("its image has no bytes")
    return picture


def _decoded(said: str) -> bytes:
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise RowUnfit("its image is not base64") from None


def _files(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


LAYOUTS: Final = (
    SetLayout(
        "medxpertqa", "MedXpertQA-MM", "questions in JSON lines and images beside them",
        _files(r".+\.jsonl"), (), read_medxpertqa, _files(r"MM-\d+-[a-z]\.(jpe?g|png)"),
    ),
    SetLayout(
        "omnimedvqa", "OmniMedVQA", "a JSON list for each data set, and the folder Images",
        _files(r".+\.json"), (), read_omnimedvqa,
    ),
    SetLayout(
        "pmcvqa", "PMC-VQA", "train, test or test_clean as CSV, and the figures",
        _files(r".+\.csv"), ("Figure_path", "Question", "Choice A", "Answer"), read_pmcvqa,
        _files(r"(train|test|test_clean|train_2|test_2)\.csv"),
    ),
    SetLayout(
        "vqarad", "VQA-RAD", "the authors' JSON with images, or Parquet files",
        _files(r".+\.(json|parquet)"), ("image", "question", "answer"), read_vqarad,
        _files(r"VQA_RAD Dataset Public\.json"),
    ),
    SetLayout(
        "slake", "SLAKE", "train, validation or test as JSON, and the folder imgs",
        _files(r"(train|validation|validate|test)\.json"), (), read_slake,
    ),
    SetLayout(
        "pathvqa", "PathVQA", "Parquet files with image, question and answer",
        _files(r".+\.parquet"), ("image", "question", "answer"), read_pathvqa,
    ),
    SetLayout(
        "gmaimmbench", "GMAI-MMBench", "the validation TSV with images in it",
        _files(r".+\.tsv"), ("index", "image", "question", "answer"), read_gmai, _files(r"GMAI.*\.tsv"),
    ),
    SetLayout(
        "mmmu", "MMMU, medical subjects", "Parquet files of the medical subjects",
        _files(r".+\.parquet"), ("id", "question", "options", "image_1", "answer"), read_mmmu,
    ),
)  # fmt: skip
