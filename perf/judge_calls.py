"""Calls of a whole evaluation: from `manage.py judge` to the stored, parsed verdict.

python perf/judge_calls.py [--cases N] [--image-kib N] [--inspect-calls N]

The models are a stub in a process of its own (perf/calls.py) that prints a verdict at once, or half a second
later. Each evaluation runs in a new process, whose start and first calls are not counted: the release is
verified, every case is asked in both orders with a picture of its own, every reply and verdict is stored
(SQLite file, WAL, synchronous FULL). One JSON line for each; in the first, inspect_ai beside it, when
`make perf-peers` has installed it: on the same stub, right before.
"""

import argparse
import io
import json
import multiprocessing
import os
import random
import resource
import sys
import time
from typing import Any

import fill
from calls import stub, with_inspect
from in_process import installation

# Milliseconds until the stub answers, and calls in flight.
EVALUATIONS = ((0, 64), (500, 64), (500, 256))
WARM_CASES = 4


def releases(cases: int, image_kib: int) -> tuple[str, str]:
    """Digests of two frozen preference releases: a few cases to warm up, and those that are counted."""
    from curation.models import Source

    lead, _ = fill.people(0)
    study = fill.study(lead, [], 3)
    Source.objects.create(
        study=study, name="Own", licence="CC-BY-4.0", may_train=True, may_redistribute=True, is_synthetic=True
    )
    warm, whole = frozen(study, lead, WARM_CASES, image_kib), frozen(study, lead, cases, image_kib)
    return warm, whole


def frozen(study: Any, lead: Any, cases: int, image_kib: int) -> str:
    """A release of cases with a picture each (noise, as large as a JPEG of a chest); its digest."""
    from consilium.answers.dimensions import DIMENSIONS
    from consilium.blobs.store import put
    from curation.releases.contents import NewRow
    from curation.releases.freeze import freeze

    draw, rows = random.Random(cases), []
    for number in range(cases):
        blob = put(draw.randbytes(image_kib * 1024), "image/jpeg")
        path = f"images/{blob.sha256}.jpg"
        content: dict[str, Any] = {
            "id": f"case-{number}",
            "question_id": f"question-{number}",
            "cluster": f"cluster-{number}",
            "question": f"What does image {number} of this chest series show?",
            "options": {"A": "Pneumonia", "B": "Effusion", "C": "Mass", "D": "Nothing"},
            "answer_a": fill.text(draw),
            "answer_b": fill.text(draw),
            "label": {name: draw.choice("AB") for name in DIMENSIONS},
            "images": [path],
            "sha256": [blob.sha256],
            "source": "Own",
            "specialty": "adult_medicine",
        }
        rows.append(NewRow(content["id"], content, {path: blob.sha256}))
    made = freeze(study=study, kind="preferences", name=f"{cases} cases", rows=rows, left_out={}, by=lead)
    return made.digest


def evaluation(warm: str, whole: str, base_url: str, in_flight: int) -> dict[str, Any]:
    """Calls per second, CPU milliseconds per call and the highest memory of one evaluation."""
    import django

    from consilium import kept_heap

    os.environ["CONSILIUM_CALLS_IN_FLIGHT"] = str(in_flight)
    kept_heap.loading_starts()  # as manage.py loads
    django.setup()
    kept_heap.loading_ended()
    from benchmark.models import Verdict
    from consilium.inference.models import ModelEndpoint

    name = f"stub {base_url} {in_flight}"
    ModelEndpoint.objects.create(name=name, base_url=base_url, model_id="stub", family="stub")
    judged(warm, name)
    cpu, began = time.process_time(), time.perf_counter()
    judged(whole, name)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    stored = Verdict.objects.filter(evaluation__endpoint__name=name, evaluation__release_digest=whole)
    calls = stored.exclude(parsed__overall=None).count()
    assert calls == 2 * stored.first().evaluation.release.row_count  # type: ignore[union-attr]
    return {
        "calls": calls,
        "calls_per_second": round(calls / seconds, 1),
        "cpu_ms_per_call": round(1000 * cpu / calls, 3),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def judged(release: str, name: str) -> None:
    """`manage.py judge`, to its end."""
    from django.core.management import call_command

    call_command("judge", release=release, endpoint=[name], wait=True, stdout=io.StringIO())


def measure(options: argparse.Namespace, warm: str, whole: str) -> None:
    """One evaluation after the other, each with a stub and a process of its own."""
    from consilium.answers.dimensions import DIMENSIONS
    from consilium.inference.images import data_uri

    spawned = multiprocessing.get_context("spawn")
    says = json.dumps(dict.fromkeys(DIMENSIONS, "A") | {"reason": "It names the finding and its side."})
    uri = data_uri(os.urandom(options.image_kib * 1024), "image/jpeg")
    for delay, in_flight in EVALUATIONS:
        port = spawned.Value("i", 0)
        server = spawned.Process(target=stub, args=(delay / 1000, port, says), daemon=True)
        server.start()
        while not port.value:
            time.sleep(0.01)
        base = f"http://127.0.0.1:{port.value}/v1"
        found: dict[str, Any] = {"delay_ms": delay, "in_flight": in_flight}
        if not delay:
            found["inspect_ai"] = with_inspect(base, options.inspect_calls, in_flight, uri)
        with spawned.Pool(1) as own:
            found["consilium"] = own.apply(evaluation, (warm, whole, base, in_flight))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
        server.kill()
        server.join()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=1024)
    parser.add_argument("--image-kib", type=int, default=112)
    parser.add_argument("--inspect-calls", type=int, default=200)
    options = parser.parse_args()
    os.environ["CONSILIUM_MODEL_HOSTS"] = "127.0.0.1:1-65535"
    with installation():
        measure(options, *releases(options.cases, options.image_kib))


if __name__ == "__main__":
    main()
