"""The layout for process reward models: each step as written, the clinicians' verdict on it and why."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from curation.layouts.conversations import prompt_of
from curation.layouts.flat import with_pixels
from curation.layouts.parquet import ParquetShards
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.layouts.schemas import schema_of

COLUMNS: Final = (
    ("id", "string"), ("images", "images"), ("prompt", "string"), ("completions", "strings"),
    ("labels", "bools"), ("verdicts", "strings"), ("error_types", "strings"), ("severities", "strings"),
    ("corrected", "strings"), ("specialty", "string"),
)  # fmt: skip
# A fault that can mislead a diagnosis weighs more than one of style.
SEVERITY: Final = {
    "not_in_image": "major",
    "wrong_fact": "major",
    "wrong_conclusion": "major",
    "unsupported": "moderate",
    "irrelevant": "minor",
    "unclear": "minor",
}
EVERY: Final = 200


def write_prm(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """One row per trace. An edited step is labelled false as it was written; `corrected` holds the edit."""
    written, shards = Written(), dict[str, ParquetShards]()
    reasons = _reasons(reader)
    with ExitStack() as stack:
        for number, row in enumerate(reader.rows()):
            if number % EVERY == 0:
                tell(number, reader.count())
            split = reader.split_of(row)
            if split not in shards:
                shards[split] = stack.enter_context(ParquetShards(folder / "prm", split, schema_of(COLUMNS)))
            shards[split].add(_row(reader, row, reasons.get(row["id"], {})))
    written.configs = [
        Config("prm", split, f"prm/{found.pattern}", found.rows, found.size)
        for split, found in sorted(shards.items())
    ]
    written.files = {
        "prm": "`prm/`: steps (`completions`), whether each stands (`labels`), error type and severity"
    }
    return written


def _reasons(reader: ReleaseReader) -> dict[str, dict[str, str]]:
    """Per trace and step the reason that most reviewers of the newest versions gave for rejecting it."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for review in reader.rows("reviews"):
        if not review["is_newest"]:
            continue
        for step in review["steps"]:
            if step["reason"]:
                of_trace = counts.setdefault(review["trace_id"], {})
                of_trace.setdefault(step["id"], Counter())[step["reason"]] += 1
    return {
        trace: {
            step: min(found, key=lambda reason: (-found[reason], reason)) for step, found in steps.items()
        }
        for trace, steps in counts.items()
    }


def _row(reader: ReleaseReader, row: dict[str, Any], reasons: dict[str, str]) -> dict[str, Any]:
    steps = row["steps"]
    types = [_error_type(step, reasons) for step in steps]
    return {
        "id": row["id"],
        "images": with_pixels(reader, row)["images"],
        "prompt": prompt_of(row),
        "completions": [step["original"] for step in steps],
        "labels": [step["status"] == "accepted" for step in steps],
        "verdicts": [step["status"] for step in steps],
        "error_types": types,
        "severities": [SEVERITY.get(kind, "") if kind else "" for kind in types],
        "corrected": [step["text"] if step["status"] == "edited" else "" for step in steps],
        "specialty": row["specialty"],
    }


def _error_type(step: dict[str, Any], reasons: dict[str, str]) -> str:
    if step["status"] == "edited":
        return "edited"
    return reasons.get(step["id"], "") if step["status"] == "rejected" else ""


PRM = Layout(
    name="prm",
    label="Process reward",
    meaning="steps with verdict, error type and severity",
    kinds=frozenset({"traces"}),
    write=write_prm,
)
