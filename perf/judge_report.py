"""The kept report of a panel of judges, from the database to the page.

python perf/judge_report.py [--judges N] [--cases N] [--tries N] [--replicates N]

A frozen preference release with three votes a case, and judges whose verdicts in both orders are stored (in
bulk, as their jobs would have left them; SQLite). Times the job that computes and keeps the report, with its
CPU and the highest memory of this process, then the report's first page through all middleware. --replicates
computes the figures once more, with so many resamples instead of the product's, and keeps nothing.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import board
import fill
from clients import quantiles
from in_process import InProcess, installation

VOTES = 3
ORGANS = ("brain", "breast", "chest", "eye", "heart", "kidney", "liver", "skin")


def release_of(study: Any, lead: Any, cases: int) -> Any:
    """The frozen release; one patient in eight has two cases."""
    from curation.releases.freeze import freeze

    rows = rows_with_votes(cases)
    return freeze(study=study, kind="preferences", name="Measured", rows=rows, left_out={}, by=lead)


def rows_with_votes(cases: int) -> Iterator[Any]:
    """Every case, and beside it what three of two dozen readers chose."""
    from consilium.answers.dimensions import DIMENSIONS
    from curation.releases.contents import NewRow

    draw = random.Random(3)
    votes: list[NewRow] = []
    for number in range(cases):
        label = {name: draw.choice("AB") for name in DIMENSIONS}
        content: dict[str, Any] = {
            "id": f"case-{number}", "question_id": f"question-{number}", "source": "Own", "label": label,
            "cluster": f"cluster-{number - (number % 8 == 1)}", "question": "What is seen?", "options": {},
            "answer_a": fill.text(draw), "answer_b": fill.text(draw), "images": [], "sha256": [],
            "specialty": draw.choice(("adult_medicine", "pediatrics")), "organ_system": draw.choice(ORGANS),
            "modality": draw.choice(("CT", "CR", "MR")), "votes": {name: {"A": 2, "B": 1} for name in label},
            "model_a": "one", "model_b": "two", "family_a": "one", "family_b": "two",
        }  # fmt: skip
        yield NewRow(content["id"], content)
        for reader in draw.sample(range(24), VOTES):
            said = {name: f"{letter.lower()}_clearly" for name, letter in label.items()}
            vote: dict[str, Any] = {
                "id": f"vote-{len(votes)}", "case_id": content["id"], "reader": f"reader-{reader}",
                "choices": said, "shown_first": draw.choice("ab"), "is_newest": True, "is_surplus": False,
            }  # fmt: skip
            votes.append(NewRow(vote["id"], vote, table="votes"))
    yield from votes


def judged(release: Any, lead: Any, judges: int) -> None:
    """Judges of rising skill."""
    from django.db import transaction

    from curation.releases.freeze import rows_of

    labels = {row.row_id: row.content["label"] for row in rows_of(release).iterator(5000)}
    for number in range(judges):
        with transaction.atomic():
            board.judge(release, lead, labels, number, 0.5 + 0.4 * number / judges)


def report_made(lead: Any, release: Any) -> dict[str, float]:
    """The job of the report, at once."""
    from benchmark.report.kept import REPORT
    from consilium.jobs.queue import enqueue
    from consilium.jobs.run import run_now

    job = enqueue(kind=REPORT.name, by=lead, study=release.study, params={"release_id": release.pk})
    found = taken(lambda: run_now(job))
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return found


def figures_made(release: Any, replicates: int) -> dict[str, Any]:
    """The figures alone, from the database to JSON."""
    from benchmark.report.figures import judge_report
    from consilium.statistics.json_form import as_json

    return {
        "replicates": replicates,
        **taken(lambda: as_json(judge_report(release, replicates=replicates))),
    }


def taken(does: Callable[[], Any]) -> dict[str, float]:
    """Seconds, CPU seconds and the peak of memory so far."""
    cpu, began = time.process_time(), time.perf_counter()
    does()
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The report of the whole panel, then its page."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from curation.models import Source

    call_command("collectstatic", interactive=False, verbosity=0)
    lead, _ = fill.people(0)
    study = fill.study(lead, [], VOTES, "board")
    Source.objects.create(study=study, name="Own", licence="CC-BY-4.0", may_train=True, is_synthetic=True)
    release = release_of(study, lead, options.cases)
    judged(release, lead, options.judges)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found: dict[str, Any] = report_made(lead, release)
    wire = InProcess({settings.SESSION_COOKIE_NAME: fill.sessions([lead])["lead"]})
    waits = []
    for _ in range(options.tries):
        began = time.perf_counter()
        answer = wire.ask("GET", f"/s/board/leaderboard/{release.pk}/report/")
        waits.append(time.perf_counter() - began)
        assert answer.status == 200, answer.status
    found["page"] = quantiles(waits[1:])
    if options.replicates:
        found["resampled"] = figures_made(release, options.replicates)
    return {"cases": options.cases, "judges": options.judges, **found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judges", type=int, default=32)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--tries", type=int, default=21)
    parser.add_argument("--replicates", type=int, default=0)
    options = parser.parse_args()
    with installation():
        sys.stdout.write(json.dumps(measure(options)) + "\n")


if __name__ == "__main__":
    main()
