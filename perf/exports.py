"""A frozen release leaves beside a bare writer: `python perf/exports.py [--cases N ...]` prints JSON lines.

Each size in an installation and processes of its own: preference cases without images, six labels, two
answers and three votes each, are frozen, verified and exported in the Hub's layout. Beside them stands a
script that reads the same rows from the database and writes the same tables with pyarrow alone: no hashes,
no card, no look at what leaves. Seconds, CPU seconds, and the highest memory of the process above its start,
with that of the process that looks at the files; at the end how many MB more the last size took.
"""

import argparse
import json
import multiprocessing
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from in_process import installation

DIMENSIONS = ("accuracy", "relevance", "comprehensiveness", "creativity", "responsiveness", "overall")
PARTS = ("cardio", "myo", "pneumo", "osteo", "hepato", "neuro", "angio", "itis", "oma", "gram", "pathy")
ACTS = ("freeze", "verify", "export")
GROUP = 1000
READ = 500


def new_rows(cases: int) -> Iterator[Any]:
    """Rows as a study's settled cases and votes give them, one after another."""
    from consilium.people.models import Membership, pseudonym
    from curation.releases.contents import NewRow

    members = Membership.objects.filter(role="annotator").values_list("study", "person")
    readers = [pseudonym(study, person) for study, person in members]
    draw = random.Random(5)
    words = ["".join(draw.choices(PARTS, k=3)) for _ in range(8000)]
    for number in range(1, cases + 1):
        yield NewRow(f"case-{number}", case_row(number, draw, words))
        for vote in range(3 * number - 2, 3 * number + 1):
            yield NewRow(f"vote-{vote}", vote_row(vote, number, readers[vote % 3], draw), table="votes")


def case_row(number: int, draw: random.Random, words: list[str]) -> dict[str, Any]:
    """One case: a question of 12 words, two answers of 30."""
    question, first, second = (" ".join(draw.choices(words, k=length)) for length in (12, 30, 30))
    votes = {name: draw.randint(0, 3) for name in DIMENSIONS}
    return {
        "id": f"case-{number}", "question_id": f"question-{number}", "question": question,
        "options": {}, "images": [], "sha256": [],
        "answer_a": first, "answer_b": second, "model_a": "North 7B", "model_b": "South 8B",
        "family_a": "north", "family_b": "south",
        "label": {name: "A" if a > 1 else "B" for name, a in votes.items()},
        "votes": {name: {"A": a, "B": 3 - a, "cannot_judge": 0} for name, a in votes.items()},
        "adjudicated": dict.fromkeys(DIMENSIONS, False), "label_origin": "readers",
        "organ_system": draw.choice(("brain", "lung", "heart")), "department": "Radiology",
        "modality": "CT", "question_type": "diagnosis", "body_part": "Chest", "specialty": "adult_medicine",
        "license": "CC-BY-4.0", "source": "Archive", "cluster": f"cluster-{number}",
    }  # fmt: skip


def vote_row(number: int, case: int, reader: str, draw: random.Random) -> dict[str, Any]:
    """One reader's vote on a case."""
    return {
        "id": f"vote-{number}", "case_id": f"case-{case}", "reader": reader, "version": 1, "is_newest": True,
        "is_surplus": False, "shown_first": draw.choice("AB"),
        "choices": {name: draw.choice("ab") for name in DIMENSIONS}, "cannot_judge": {}, "harm": "none",
        "seconds_active": draw.randint(20, 200), "guideline_version": None, "week": "2026-W40",
        "taken_at": "",
    }  # fmt: skip


def memory() -> float:
    """The highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def children_memory() -> float:
    """The highest memory of a process that ended, in MB: the one that looks at an export's files."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def apart(act: Callable[..., None], *given: Any) -> dict[str, float]:
    """Run `act` in a process of its own; what it cost there, the start left out."""
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=told, args=(there, act, given))
    process.start()
    there.close()
    try:
        found: dict[str, float] = here.recv()
    except EOFError:
        raise SystemExit(f"{act.__name__} failed.") from None
    process.join()
    return found


def told(pipe: Any, act: Callable[..., None], given: tuple[Any, ...]) -> None:
    """In the process: make ready, run, tell."""
    import django

    django.setup()
    import datasets  # noqa: F401 - a worker pays for it once
    import pyarrow.parquet  # noqa: F401

    import curation.releases.export  # noqa: F401

    high, cpu, children, wall = memory(), time.process_time(), in_children(), time.perf_counter()
    act(*given)
    pipe.send(
        {
            "s": round(time.perf_counter() - wall, 2),
            "cpu_s": round(time.process_time() - cpu + in_children() - children, 2),
            "grew_mb": round(memory() - high + children_memory(), 1),
        }
    )


def in_children() -> float:
    """CPU seconds of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def freeze_all(cases: int) -> None:
    """Freeze the rows, made as they are read."""
    from consilium.people.models import Person, Study
    from curation.releases.freeze import freeze

    rows = new_rows(cases)
    study, by = Study.objects.get(), Person.objects.get(username="lead")
    freeze(study=study, kind="preferences", name="Preferences 1", rows=rows, left_out={}, by=by)


def read_texts(cases: int) -> None:
    """Look for identifiers in every text, as the jobs do that store questions and answers."""
    from curation.clean_texts import read_ahead

    names = ("question", "answer_a", "answer_b")
    cases_made = (row.content for row in new_rows(cases) if not row.table)
    read_ahead(case[name] for case in cases_made for name in names)


def make_all(cases: int) -> None:
    """Make the rows and nothing else: what `freeze_all` spends on that."""
    for _ in new_rows(cases):
        pass


def verify_all() -> None:
    """Recompute every hash."""
    from curation.models import Release
    from curation.releases.verify import verify

    assert verify(Release.objects.get()) == []


def export_all(folder: str) -> None:
    """The product's export, gate and card included."""
    from curation.models import Release
    from curation.releases.export import write_export

    write_export(Release.objects.get(), Path(folder) / "export")


def write_bare(folder: str) -> None:
    """The same tables by pyarrow alone, from the same database."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from curation.layouts.flat import consensus_of, responses_of
    from curation.layouts.schemas import COLUMNS, schema_of
    from curation.models import ReleaseRow, ReleaseSideRow

    out = Path(folder) / "bare"
    out.mkdir()
    waiting: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("preferences", "consensus", "responses")
    }
    waiting["votes"] = []
    writers = {name: pq.ParquetWriter(out / f"{name}.parquet", schema_of(COLUMNS[name])) for name in waiting}

    def flush(least: int) -> None:
        for name, rows in waiting.items():
            if len(rows) >= least:
                writers[name].write_table(pa.Table.from_pylist(rows, schema=schema_of(COLUMNS[name])))
                rows.clear()

    for row in ReleaseRow.objects.order_by("position").values_list("content", flat=True).iterator(READ):
        waiting["preferences"].append(row | {"images": [], "options": [], "split": "test"})
        waiting["consensus"].extend(consensus_of(row))
        waiting["responses"].extend(responses_of(row))
        flush(GROUP)
    votes = ReleaseSideRow.objects.filter(table="votes").order_by("position")
    for row in votes.values_list("content", flat=True).iterator(READ):
        waiting["votes"].append(row)
        flush(GROUP)
    flush(1)
    for writer in writers.values():
        writer.close()


def measure(cases: int) -> dict[str, Any]:
    """All of it for one size."""
    with installation() as home:
        import fill

        lead, readers = fill.people(3)
        from curation.models import Source

        study = fill.study(lead, readers, 3)
        may = {"may_train": True, "may_redistribute": True, "is_synthetic": True}
        Source.objects.create(study=study, name="Archive", licence="CC-BY-4.0", **may)
        return {
            "cases": cases,
            "rows": apart(make_all, cases),
            "read": apart(read_texts, cases),
            "freeze": apart(freeze_all, cases),
            "verify": apart(verify_all),
            "bare": apart(write_bare, str(home)),
            "export": apart(export_all, str(home)),
        }


def sized(cases: int) -> str:
    """The line of one size, measured in a process that has no other installation."""
    command = [sys.executable, __file__, "--one", str(cases)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(measure(options.one)) + "\n")
        return
    found = []
    for cases in options.cases:
        found.append(line := sized(cases))
        sys.stdout.write(line)
        sys.stdout.flush()
    first, last = json.loads(found[0]), json.loads(found[-1])
    more = {act: round(last[act]["grew_mb"] - first[act]["grew_mb"], 1) for act in ACTS}
    sys.stdout.write(
        json.dumps({"measure": "growth", "from": first["cases"], "to": last["cases"]} | more) + "\n"
    )


if __name__ == "__main__":
    main()
