"""Before a freeze: what would go in, what would stay out and why, as of now. Only the figures are kept."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from consilium.blobs.models import Blob
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import ReleaseRow, Source
from curation.releases.contents import Gathered, NewRow
from curation.releases.registry import find

KIND: Final = "curation.preview"
EVERY: Final = 200
NOT_SAID: Final = "not said"


def start_preview(*, study: Study, kind: str, by: Person) -> Job:
    """Queue the count of what a release of that kind would hold. Raises NotAllowed, LookupError."""
    check_lead(by, study)
    find(kind)
    waiting = Job.objects.filter(study=study, kind=KIND, created_by=by, params={"kind": kind})
    running = waiting.exclude(state__in=Job.STATES.terminal).first()
    return running or enqueue(kind=KIND, by=by, study=study, params={"kind": kind})


def run_preview(handle: JobHandle) -> dict[str, Any]:
    """The job: reads every row as a freeze would, and keeps the counts."""
    study, person = handle.job.study, handle.job.created_by
    assert study is not None
    assert person is not None
    check_lead(person, study)
    freezer, gathered, counts = find(handle.params["kind"]), Gathered(), _Counts()
    most = freezer.count(study)
    for number, row in enumerate(freezer.rows(study, gathered)):
        if number % EVERY == 0:
            handle.progress(min(counts.rows, most), most, "Rows are being read")
        counts.add(row)
    handle.progress(most, most, "Figures are being computed")
    return {
        "kind": freezer.kind,
        "rows": counts.rows,
        "tables": dict(counts.tables),
        "files": len(counts.files),
        "bytes": _size(counts.files),
        "clusters": len(counts.clusters),
        "in_training": _in_training(study, counts.clusters) if freezer.kind != "traces" else 0,
        "balance": [[organ, department, n] for (organ, department), n in sorted(counts.balance.items())],
        "splits": dict(sorted(counts.splits.items())),
        "sources": _sources(study, counts.sources),
        "left_out": [
            {
                "reason": reason,
                "count": count,
                "first": gathered.examples[reason],
            }
            for reason, count in sorted(gathered.left_out.items(), key=lambda item: (-item[1], item[0]))
        ],
        "agreement": freezer.agreement(study) if freezer.agreement and counts.rows else [],
    }


class _Counts:
    """What the rows so far amount to."""

    def __init__(self) -> None:
        self.rows = 0
        self.tables: Counter[str] = Counter()
        self.balance: Counter[tuple[str, str]] = Counter()
        self.splits: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.clusters: set[str] = set()
        self.files: set[str] = set()

    def add(self, row: NewRow) -> None:
        if row.table:
            self.tables[row.table] += 1
            return
        said = row.content
        self.rows += 1
        self.balance[said.get("organ_system") or NOT_SAID, said.get("department") or NOT_SAID] += 1
        self.splits[said.get("split", "test")] += 1
        self.sources[said.get("source", "")] += 1
        self.clusters.add(said.get("cluster", ""))
        self.files.update(row.files.values())


def _size(files: Iterable[str]) -> int:
    names, size = sorted(files), 0
    for start in range(0, len(names), EVERY):
        sizes = Blob.objects.filter(sha256__in=names[start : start + EVERY]).values_list("size", flat=True)
        size += sum(sizes)
    return size


def _in_training(study: Study, clusters: set[str]) -> int:
    """How many of these clusters stand in a trace release of the study: models may have learned from them."""
    trained = ReleaseRow.objects.filter(release__study=study, release__kind="traces").order_by()
    return len(clusters & set(trained.values_list("content__cluster", flat=True).distinct()))


def _sources(study: Study, counts: Counter[str]) -> list[dict[str, Any]]:
    wanted = ("name", "licence", "may_train", "may_redistribute", "commercial_use")
    found = Source.objects.filter(study=study, name__in=counts).order_by("name").values(*wanted)
    return [source | {"rows": counts[source["name"]]} for source in found]
