"""From a round to an export: `python perf/releases.py [--cases N] [--round N] [--postgres]` prints JSON.

Times the product's own use cases on a data folder of its own: open a comparison round of `--round` cases,
another beside a reader, freeze all cases, verify the release, export it, and its gate once more by itself;
seconds, CPU seconds and the growth of the process in MB. The study's images have header fingerprints, so
that the export gate has something to look for. The votes between round and freeze are stored in bulk and
not timed.
"""

import argparse
import importlib
import json
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from in_process import installation
from processes import ROOT, database

BATCH = 1000
PRINTS = 500


def timed(act: Callable[[], Any]) -> dict[str, float]:
    """What one call costs: seconds, CPU seconds, and by how much the highest memory of the process rose."""
    high = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu, of_children = time.perf_counter(), time.process_time(), children_cpu()
    act()
    return {
        "s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu + children_cpu() - of_children, 2),
        "grew_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - high) / 1024, 1),
    }


def children_cpu() -> float:
    """CPU seconds of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Reader(threading.Thread):
    """Takes the lock that every submission needs, again and again; how long it waits."""

    def __init__(self, study: Any) -> None:
        super().__init__(daemon=True)
        self._study, self._over, self.waited = study, threading.Event(), [0.0]

    def run(self) -> None:
        from django.db import connection, transaction

        from consilium.audit.record import chain_of, lock_chain

        while not self._over.wait(0.02):
            began = time.perf_counter()
            with transaction.atomic():
                lock_chain(chain_of(self._study))
            self.waited.append(time.perf_counter() - began)
        connection.close()

    def stop(self) -> dict[str, float]:
        self._over.set()
        self.join()
        return {"reader_max_ms": round(max(self.waited) * 1000), "reader_tries": len(self.waited) - 1}


def beside_a_reader(study: Any, act: Callable[[], Any]) -> dict[str, float]:
    """As `timed`, and what a reader waits meanwhile."""
    reader = Reader(study)
    reader.start()
    return timed(act) | reader.stop()


def vary(study: Any) -> None:
    """Give the answers the vocabulary of real ones: thousands of words, measures and dates."""
    from annotation.models import Response
    from curation.clean_texts import read_ahead
    from curation.models import Question

    draw = random.Random(2)
    parts = ("cardio", "myo", "pneumo", "osteo", "hepato", "neuro", "angio", "itis", "oma", "gram", "pathy")
    words = ["".join(draw.choices(parts, k=3)) for _ in range(8000)]
    responses = list(Response.objects.filter(study=study).only("pk", "text"))
    for response in responses:
        said = " ".join(draw.choices(words, k=20))
        response.text += (
            f" {said}: {draw.randint(1, 99)} x {draw.randint(1, 99)} mm, seen {draw.randint(1, 12)}/2019."
        )
    Response.objects.bulk_update(responses, ["text"], batch_size=BATCH)
    # As the jobs do that store answers and questions.
    read_ahead(response.text for response in responses)
    read_ahead(Question.objects.filter(study=study).values_list("text", flat=True))


def watch(study: Any) -> None:
    """Fingerprints of names that no text holds."""
    from curation.imaging.fingerprints import fingerprints_of, name_tokens
    from curation.keys import study_key
    from curation.models import Image

    tokens = {
        token
        for number in range(PRINTS)
        for token in name_tokens(f"Quz{'abcdefghij'[number % 10]}{number:b}")
    }
    names = {f"w:patient{'x' * (number % 40)}{'y' * (number // 40)}" for number in range(PRINTS)}
    prints = fingerprints_of(tokens | names, study_key(study, "imaging"))
    Image.objects.filter(study=study).update(fingerprints=list(prints))


def settle(study: Any) -> None:
    """Labels for every case, as three readers would have left them."""
    from annotation.models import Case, Consensus, Dimension

    draw = random.Random(3)
    rows = []
    for case in Case.objects.filter(study=study).values_list("pk", flat=True):
        for dimension in Dimension.values:
            a = draw.randint(0, 3)
            label = "A" if a > 1 else "B"
            rows.append(Consensus(case_id=case, dimension=dimension, label=label, votes_a=a, votes_b=3 - a))
    Consensus.objects.bulk_create(rows, batch_size=BATCH)
    Case.objects.filter(study=study).update(state="settled")


def measure(cases: int, size: int, home: Path) -> dict[str, Any]:
    """Fill the installation and time each step."""
    import fill
    from django.db import connection

    from annotation.pairing import open_comparison_round
    from annotation.release import freeze_preferences
    from curation.models import Release
    from curation.releases.export import write_export
    from curation.releases.export_gate import check_export
    from curation.releases.manifest import manifest_of, released_files
    from curation.releases.verify import verify

    lead, readers = fill.people(24)
    study = fill.study(lead, readers, 3)
    fill.answers(study, cases)
    vary(study)
    watch(study)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found: dict[str, Any] = {"cases": cases, "database": connection.vendor}
    found["open_cases"] = size

    def open_one(name: str, limit: int) -> None:
        open_comparison_round(study=study, name=name, by=lead, limit=limit)

    found["open"] = timed(lambda: open_one("Round 1", size))
    found["open_beside_reader"] = beside_a_reader(study, lambda: open_one("Round 2", size))
    open_one("Round 3", cases)
    settle(study)
    found["freeze"] = timed(lambda: freeze_preferences(study=study, name="Preferences 1", by=lead))
    release = Release.objects.get()
    found["verify"] = timed(lambda: verify(release))
    found["rows"] = release.row_count
    found["first_import"] = timed(lambda: importlib.import_module("datasets"))  # a worker pays it once
    found["export"] = timed(lambda: write_export(release, home / "export"))
    images = released_files(manifest_of(release))
    found["gate"] = timed(lambda: check_export(home / "export", study=study, images=images))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--round", type=int, default=500, help="at most a third of the cases")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="another checkout to measure")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server, else SQLite")
    options = parser.parse_args()
    with database(private=options.postgres) as found, installation(found.url, options.checkout) as home:
        sys.stdout.write(json.dumps(measure(options.cases, options.round, home)) + "\n")


if __name__ == "__main__":
    main()
