"""Run by inspect_ai's own Python: the same calls through its evaluation of one generated answer a sample.

python inspect_calls.py BASE_URL CALLS IN_FLIGHT < DATA_URI

Prints calls per second and CPU milliseconds per call of this process, after a few calls to warm up.
"""

import json
import os
import resource
import sys
import tempfile
import time

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
from inspect_ai.scorer import match
from inspect_ai.solver import generate


def task(count: int, uri: str) -> Task:
    """One judge-like request with an image a sample; the stub answers B."""
    samples = [
        Sample(
            input=[
                ChatMessageUser(
                    content=[ContentImage(image=uri), ContentText(text=f"Which answer is better? {number}")]
                )
            ],
            target="B",
        )
        for number in range(count)
    ]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match())


def run(count: int, in_flight: int, uri: str, logs: str) -> None:
    (log,) = evaluate(
        task(count, uri), model="openai-api/stub/stub", max_connections=in_flight, max_samples=in_flight,
        display="none", log_dir=logs, log_images=False, max_tokens=256, temperature=0,
    )  # fmt: skip
    assert log.status == "success", log.error


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    base_url, count, in_flight = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.environ |= {"STUB_API_KEY": "none", "STUB_BASE_URL": base_url}
    uri = sys.stdin.read()
    with tempfile.TemporaryDirectory() as logs:
        run(8, in_flight, uri, logs)
        cpu, started = cpu_seconds(), time.perf_counter()
        run(count, in_flight, uri, logs)
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    figures = {"calls_per_second": round(count / seconds, 1), "cpu_ms_per_call": round(cpu / count * 1000, 3)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
