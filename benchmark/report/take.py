"""A lead takes the report of a release away as files; who took which figures is on record."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmark.report.files import FIGURES, REFERENCE, report_files
from benchmark.report.kept import KeptReport
from benchmark.report.predictions import prediction_count, write_predictions
from consilium.audit.record import audited_transaction, record
from consilium.people.models import Person
from consilium.refusals import Refused
from curation.models import Release
from curation.releases.zip_stream import zip_stream

# More are not written and looked at while a person waits.
MOST_AT_ONCE: Final = 50_000
PREDICTIONS: Final = "predictions"
NOTE: Final = "README.txt"
_ABOUT: Final = """Tables and prediction rows in the layout of Med-RewardBench.

results.csv, results.jsonl, results.xlsx: per judge and organ system the share of cases with the label's
letter, asked once with the answers in the stored order; everything but that letter is wrong. Over the cases
that the layout can hold (every dimension labelled, an organ system, one image), so that the label files of an
export in that layout give the same figures. A judge that lacks a reply to one of them has no rows.
predictions: per judge one row per case; chosen_answer has a letter, "tie" or null for each dimension.
"""


def take_report(
    release: Release, report: KeptReport, by: Person, folder: Path, *, most_predictions: int | None = None
) -> list[str]:
    """Write all files into an empty folder; their names. The caller has checked that `by` may read it.

    More than `most_predictions` rows of predictions are left out. Raises OSError.
    """
    files = report_files(release, report)
    why_none = _add_predictions(release, report, folder / REFERENCE / PREDICTIONS, most_predictions)
    missing = f"\nThe predictions are not here. {why_none}\n" if why_none else ""
    files[f"{REFERENCE}/{NOTE}"] = (_ABOUT + missing).encode()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    figures = hashlib.sha256(files[FIGURES]).hexdigest()
    data = {"release": release.digest, "figures": figures, "predictions": not why_none}
    with audited_transaction():
        record(action="report.taken", obj=release, by=by, study=release.study, data=data)
    return _names(folder)


def zipped_report(release: Release, report: KeptReport, by: Person) -> Iterator[bytes]:
    """The report as pieces of a zip, with predictions as far as they are few enough to be held in memory."""
    with TemporaryDirectory(prefix="report-") as scratch:
        folder = Path(scratch)
        names = take_report(release, report, by, folder, most_predictions=MOST_AT_ONCE)
        held = [(name, partial(io.BytesIO, (folder / name).read_bytes())) for name in names]
    return zip_stream(held)


def _add_predictions(release: Release, report: KeptReport, folder: Path, most: int | None) -> str:
    """Why there are none; empty where they are written."""
    rows = prediction_count(report)
    if most is not None and rows > most:
        return f"There are up to {rows:,} rows; `manage.py report` writes so many, this page up to {most:,}."
    try:
        write_predictions(release, report, folder)
    except Refused as refusal:
        shutil.rmtree(folder, ignore_errors=True)
        return str(refusal)
    return ""


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
