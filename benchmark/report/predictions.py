"""What every judge chose, case by case, as the published benchmark's scripts write it and read it again."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from benchmark.models import Verdict
from benchmark.report.kept import KeptReport
from benchmark.report.spreadsheets import distinct_names
from consilium.answers.dimensions import DIMENSIONS
from curation.layouts.medrewardbench import published_facts, reason_to_leave
from curation.layouts.registry import NothingFits
from curation.models import Release
from curation.releases.export import check_may_leave
from curation.releases.export_gate import check_export
from curation.releases.freeze import rows_of
from curation.releases.let_through import let_through_in

_PART: Final = 500
_NOT_IN_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_STORED_ORDER: Final = "ab"


def write_predictions(release: Release, report: KeptReport, folder: Path) -> None:
    """A file per judge in `folder`, which is new; a case whose call failed has no row.

    The rows repeat the release's questions, so they leave as an export does: when the release may, and past
    the same gate. Raises what refuses then (a Refused), OSError.
    """
    check_may_leave(release)
    folder.mkdir(parents=True)
    judges = {int(one.key): one.name for one in report.part("judges") if one.key.isdecimal()}
    # Named after their judges once the gate has looked: to it, the date in a model's name is a patient's.
    places = {key: folder / f"{number}.jsonl" for number, key in enumerate(judges, start=1)}
    with ExitStack() as stack:
        files: dict[int, IO[str]] = {
            key: stack.enter_context(place.open("w", encoding="utf-8")) for key, place in places.items()
        }
        for key, row in _rows(release, judges):
            files[key].write(json.dumps(row, ensure_ascii=False) + "\n")
    if not any(place.stat().st_size for place in places.values()):
        raise NothingFits("No judged case of this release fits the layout.")
    check_export(folder, study=release.study, images={}, let_through=let_through_in(release))
    for place, name in zip(places.values(), _file_names(list(judges.values())), strict=True):
        place.rename(folder / name)


def prediction_count(report: KeptReport) -> int:
    """How many rows the files of all judges can have together."""
    return int(report.content["cases"]) * len(report.content["judges"])


def _file_names(judges: Sequence[str]) -> list[str]:
    plain = [f"pair_{_NOT_IN_FILE_NAME.sub('_', name)}" for name in judges]
    return [f"{name.replace(' ', '')}.jsonl" for name in distinct_names(plain, 100)]


def _rows(release: Release, judges: Mapping[int, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Evaluation and row, in the order of the release's cases."""
    stored_cases = rows_of(release).values_list("content", flat=True).iterator(_PART)
    cases = (case for case in stored_cases if not reason_to_leave(case))
    while part := list(islice(cases, _PART)):
        of_case = Verdict.objects.filter(evaluation__in=judges, row_id__in=[case["id"] for case in part])
        stored = of_case.filter(order=_STORED_ORDER).values_list("row_id", "evaluation", "parsed")
        said = {(row_id, key): parsed for row_id, key, parsed in stored}
        for case in part:
            facts = published_facts(case)
            for key, model in judges.items():
                if (case["id"], key) in said:
                    yield key, _row(facts, said[case["id"], key], model)


def _row(facts: Mapping[str, str], parsed: Mapping[str, str | None], model: str) -> dict[str, Any]:
    return {
        "question_id": facts["question_id"],
        "dataset": facts["dataset"],
        "modality_type": facts["modality_type"],
        "question_type": facts["question_type"],
        "question": facts["question"],
        "chosen_answer": {name: parsed.get(name) for name in DIMENSIONS},
        "image_id": facts["image_id"],
        "body_part": facts["body_part"],
        "answer_model": model,
    }
