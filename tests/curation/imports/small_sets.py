"""One small file of each published question set, in exactly its layout, and how a test brings it in."""

import base64
import csv
import hashlib
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.imports.uploads import Upload
from curation.models import Import, Question
from tests.factories import curation as making

Files = dict[str, bytes]


def as_json(*rows: Any) -> bytes:
    return json.dumps(rows).encode()


def as_lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_table(rows: list[dict[str, str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    table = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def as_parquet(*rows: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), out)
    return out.getvalue()


def of_hub(seed: int) -> dict[str, Any]:
    """An image column of the Hub."""
    return {"bytes": making.noise(seed), "path": None}


# --- one tiny set in each published layout ------------------------------------------------------------

MEDXPERT: dict[str, Any] = {
    "id": "MM-1",
    "question": "What is seen?\nAnswer Choices: (A) Gout (B) Tear (C) Sprain (D) Cyst (E) Nothing",
    "options": dict(zip("ABCDE", ["Gout", "Tear", "Sprain", "Cyst", "Nothing"], strict=True)),
    "label": "B",
    "images": ["MM-1-a.jpeg", "MM-1-b.jpeg"],
    "medical_task": "Diagnosis",
    "body_system": "Skeletal",
    "question_type": "Reasoning",
}
OMNI: dict[str, Any] = {
    "dataset": "Made Up",
    "question_id": "Made Up_0001",
    "question_type": "Disease Diagnosis",
    "question": "What is shown?",
    "gt_answer": "Glaucoma",
    "image_path": "Images/MadeUp/Im1_g.png",
    "option_A": "Normal",
    "option_B": "glaucoma",
    "modality_type": "Fundus Photography",
}
PMC = {
    "Figure_path": "PMC1_F1.jpg",
    "Question": "What is the pattern?",
    "Answer": "Diffuse",
    "Choice A": " A:Focal",
    "Choice B": " B:Diffuse",
    "Choice C": " C:None",
    "Choice D": " D:Ring",
    "Answer_label": "B",
}
PMC_2 = {
    "index": "7",
    "Figure_path": "PMC1_F2.jpg",
    "Caption": "A figure.",
    "Question": "Which plane?",
    "Choice A": "Axial",
    "Choice B": "Coronal",
    "Choice C": "Sagittal",
    "Choice D": "Oblique",
    "Answer": "C",
    "split": "test",
}
RAD: dict[str, Any] = {
    "qid": 4,
    "phrase_type": "freeform",
    "qid_linked_id": "03f451ca",
    "image_case_url": "https://medpix.example/case/1",
    "image_name": "synpic1.jpg",
    "image_organ": "CHEST",
    "evaluation": "evaluated",
    "question": "Is the heart enlarged?",
    "question_rephrase": "NULL",
    "question_type": "SIZE",
    "answer": "Yes",
    "answer_type": "CLOSED ",
}
SLAKE: dict[str, Any] = {
    "img_id": 1,
    "img_name": "xmlab1/source.jpg",
    "question": "What modality is this?",
    "answer": "MRI",
    "q_lang": "en",
    "location": "Abdomen",
    "modality": "MRI",
    "answer_type": "OPEN",
    "base_type": "vqa",
    "content_type": "Modality",
    "triple": ["vhead", "_", "_"],
    "qid": 0,
}
GMAI = {
    "index": "12",
    "image": base64.b64encode(making.noise(60)).decode(),
    "question": "Which disease?",
    "A": "Cataract",
    "B": "Myopia",
    "C": "",
    "D": "",
    "E": "",
    "answer": "A",
    "category": "Cataract",
    "clinical VQA task": "Disease Diagnosis",
    "department": "Ophthalmology",
    "perceptual granularity": "Image Level",
    "modality": "Fundus Photography",
    "split": "val",
}
MMMU: dict[str, Any] = {
    "id": "validation_Clinical_Medicine_1",
    "question": "Compare <image 1> with <image 2>. Which is it?",
    "options": "['Gout', \"Crohn's disease\", 'Tear']",
    "explanation": "",
    "image_1": of_hub(70),
    "image_2": of_hub(71),
    "image_3": None,
    "img_type": "['Body Scans: MRI, CT scans, and X-rays']",
    "answer": "B",
    "topic_difficulty": "Hard",
    "question_type": "multiple-choice",
    "subfield": "Clinical Radiology",
}


def small_sets() -> dict[str, Files]:
    """Format name to the files of a tiny set, as they lie in a downloaded folder."""
    return {
        "medxpertqa": {
            "MM/test.jsonl": as_lines(MEDXPERT),
            "images/MM-1-a.jpeg": making.noise(1),
            "images/MM-1-b.jpeg": making.noise(2),
        },
        "omnimedvqa": {
            "QA_information/Open-access/Made Up.json": as_json(OMNI),
            "Images/MadeUp/Im1_g.png": making.noise(3),
        },
        "pmcvqa": {
            "test.csv": as_table([PMC]),
            "test_2.csv": as_table([PMC_2]),
            "images/PMC1_F1.jpg": making.noise(4),
            "images/PMC1_F2.jpg": making.noise(5),
        },
        "vqarad": {
            "VQA_RAD Dataset Public.json": as_json(RAD),
            "VQA_RAD Image Folder/synpic1.jpg": making.noise(6),
        },
        "slake": {
            "test.json": as_json(SLAKE, SLAKE | {"qid": 1, "answer_type": "CLOSED", "answer": "No"}),
            "imgs/xmlab1/source.jpg": making.noise(7),
            "imgs/xmlab1/mask.png": making.noise(8),
            "imgs/xmlab1/detection.json": b"[]",
            "imgs/xmlab2/source.jpg": making.noise(9),
            "mask.txt": b"0: liver",
        },
        "pathvqa": {
            "data/test-00000-of-00001.parquet": as_parquet(
                {"image": of_hub(20), "question": "Is it a liver?", "answer": "yes"},
                {"image": of_hub(21), "question": "What is it?", "answer": "a liver"},
            )
        },
        "gmaimmbench": {"GMAI-MMBench_VAL.tsv": as_table([GMAI], "\t")},
        "mmmu": {"Clinical_Medicine/validation-00000-of-00001.parquet": as_parquet(MMMU)},
    }


def uploads(files: Files) -> list[Upload]:
    return [Upload(name, [content]) for name, content in files.items()]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sources_of(question: Question) -> list[str]:
    """Hashes of the files that its images came from, in the order of the question."""
    return [image.source_sha256 for image in question.ordered_images()]


def reasons(batch: Import) -> dict[str, str]:
    return {each["item"]: each["reason"] for each in batch.refused_names}
