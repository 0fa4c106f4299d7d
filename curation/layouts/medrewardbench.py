"""The published layout of Med-RewardBench: one JSONL of labels and one parquet file per organ system.

Cases that it cannot hold (a label missing in any dimension, no organ system, not exactly one image) stay out
and are counted. A label file and a parquet file name a case by its id: two cases may share a question.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.canonical_json import canonical_json
from curation.layouts.flat import consensus_of, responses_of
from curation.layouts.parquet import ParquetShards
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.layouts.schemas import COLUMNS, schema_of
from curation.vocabulary import ORGAN_SYSTEMS

FOLDER: Final = "pair_gt_all"
PAIRS: Final = (
    ("image", "image"), ("question", "string"), ("answer1_text", "string"), ("answer2_text", "string"),
    ("question_id", "string"), ("dataset", "string"), ("modality_type", "string"),
    ("question_type", "string"), ("image_id", "string"), ("body_part", "string"),
)  # fmt: skip
EVERY: Final = 200


class _Organs:
    """The open files of each organ system."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder / FOLDER, stack
        self._open: dict[str, tuple[IO[bytes], ParquetShards]] = {}

    def add(self, organ: str, labels: dict[str, Any], pair: dict[str, Any]) -> None:
        """Write one case."""
        if organ not in self._open:
            self._folder.mkdir(parents=True, exist_ok=True)
            labels_file: IO[bytes] = (self._folder / f"{organ}.jsonl").open("wb")
            self._stack.enter_context(labels_file)
            shards = ParquetShards(self._folder / "parquet", organ, schema_of(PAIRS), is_single=True)
            self._open[organ] = labels_file, self._stack.enter_context(shards)
        lines, shards = self._open[organ]
        lines.write(canonical_json(labels) + b"\n")
        shards.add(pair)

    def configs(self) -> list[Config]:
        """One table per organ system, once the files are closed."""
        return [
            Config(organ, "test", f"{FOLDER}/parquet/{shards.pattern}", shards.rows, shards.size)
            for organ, (_, shards) in sorted(self._open.items())
        ]


def write_medrewardbench(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """The pairs by organ system; beside them what the reference never reads: votes, consensus, responses."""
    written, total = Written(), reader.count()
    with ExitStack() as stack:
        organs = _Organs(folder, stack)
        beside = {
            name: stack.enter_context(ParquetShards(folder, name, schema_of(COLUMNS[name]), is_single=True))
            for name in ("votes", "consensus", "responses")
        }
        kept = set()
        for number, case in enumerate(reader.rows()):
            if number % EVERY == 0:
                tell(number, total)
            if reason := reason_to_leave(case):
                written.leave(reason)
                continue
            kept.add(case["id"])
            organs.add(case["organ_system"], _labels(case), _pair(reader, case))
            for entry in consensus_of(case):
                beside["consensus"].add(entry)
            for entry in responses_of(case):
                beside["responses"].add(entry)
        for vote in reader.rows("votes"):
            if vote["case_id"] in kept:
                beside["votes"].add(vote)
    written.configs = organs.configs()
    written.files = {
        "pairs": f"`{FOLDER}/parquet/`: image, question and both answers, one file per organ system",
        "labels": f"`{FOLDER}/`: the label of each dimension, one JSONL file per organ system",
        "beside": "`votes.parquet`, `consensus.parquet`, `responses.parquet`: what stands behind the labels",
    }
    return written


def reason_to_leave(case: Mapping[str, Any]) -> str:
    """Why the layout cannot hold a case; empty where it can."""
    if any(case["label"].get(dimension) not in ("A", "B") for dimension in DIMENSIONS):
        return "a dimension has no label"
    if case.get("organ_system") not in ORGAN_SYSTEMS:  # it becomes the name of a file
        return "no organ system"
    return "" if len(case.get("images", [])) == 1 else "not exactly one image"


def _labels(case: dict[str, Any]) -> dict[str, Any]:
    return {
        "question_id": published_id(case),
        "human_answer": {name: case["label"][name] for name in DIMENSIONS},
    }


def published_id(case: Mapping[str, Any]) -> str:
    """An imported pair keeps the id under which it was published."""
    return str(case.get("external_id") or case["id"])


def _pair(reader: ReleaseReader, case: dict[str, Any]) -> dict[str, Any]:
    (path,) = case["images"]
    return {
        "image": {"bytes": reader.read(path), "path": path.rsplit("/", 1)[-1]},
        "answer1_text": case["answer_a"],
        "answer2_text": case["answer_b"],
        **published_facts(case),
    }


def published_facts(case: Mapping[str, Any]) -> dict[str, str]:
    """What the layout says of a case that it can hold, but for its image and its answers."""
    (path,) = case["images"]
    return {
        "question": question_with_options(case),
        "question_id": published_id(case),
        "dataset": case.get("dataset") or case["source"],
        "modality_type": case["organ_system"],
        "question_type": case.get("question_type", ""),
        "image_id": case.get("image_name") or path.rsplit("/", 1)[-1].removesuffix(".png"),
        "body_part": case.get("body_part", ""),
    }


def question_with_options(row: Mapping[str, Any]) -> str:
    """The question and one line per option: clinicians and judges read both."""
    options = sorted(row.get("options", {}).items())
    return "\n".join([row["question"], *(f"{letter}. {text}" for letter, text in options)])


MEDREWARDBENCH = Layout(
    name="medrewardbench",
    label="Med-RewardBench",
    meaning="the published benchmark's own files, which its scoring scripts read",
    kinds=frozenset({"preferences"}),
    write=write_medrewardbench,
)
