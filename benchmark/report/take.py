"""A lead takes the report of a release away as files; who took which figures is on record."""

import hashlib
import io
from collections.abc import Iterator
from functools import partial

from benchmark.report.files import report_files
from benchmark.report.kept import KeptReport
from consilium.audit.record import audited_transaction, record
from consilium.people.models import Person
from curation.models import Release
from curation.releases.zip_stream import zip_stream


def take_report(release: Release, report: KeptReport, by: Person) -> dict[str, bytes]:
    """Name to content of every file. The caller has checked that `by` may read the report."""
    files = report_files(release, report)
    with audited_transaction():
        data = {"release": release.digest, "figures": hashlib.sha256(files["report.json"]).hexdigest()}
        record(action="report.taken", obj=release, by=by, study=release.study, data=data)
    return files


def zip_of(files: dict[str, bytes]) -> Iterator[bytes]:
    """The files as pieces of a zip."""
    return zip_stream((name, partial(io.BytesIO, content)) for name, content in files.items())
