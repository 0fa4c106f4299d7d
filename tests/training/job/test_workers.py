"""Processes that prepare rows change nothing but the time, and leave with training, however it ends."""

import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.harness.servers import wait_until
from tests.training.job.conftest import dsa_spec
from tests.training.job.process import at, run_stage
from training.job.files import weights_digest


def asked(bench: Path, name: str, **settings: Any) -> dict[str, Any]:
    return dsa_spec(bench, name, max_steps=4, checkpoint_every=1, batch=4, micro_batch=2, **settings)


def holders(spec: dict[str, Any]) -> list[str]:
    """The numbers of the processes that write where this run's errors go: it, and all that it started."""
    file, found = Path(spec["out"]).with_suffix(".err"), []
    for entry in Path("/proc").glob("[0-9]*/fd/2"):
        with suppress(OSError):  # it ended while we looked
            if entry.resolve() == file:
                found.append(entry.parts[2])
    return found


def test_rows_prepared_elsewhere_give_the_same_weights(bench: Path) -> None:
    alone, helped = asked(bench, "unhelped"), asked(bench, "helped", workers=1)
    seen: list[int] = []

    def look(event: dict[str, Any]) -> bool:
        seen.append(len(holders(helped)))
        return False

    assert run_stage(alone)[1] == 0
    assert run_stage(helped, look)[1] == 0
    assert max(seen) > 1  # training, and who helps
    digests = [weights_digest(Path(spec["out"]) / "adapter") for spec in (alone, helped)]
    assert digests[0] == digests[1]


# Workers look every five seconds whether training is still there.
@pytest.mark.soak
@pytest.mark.parametrize("send", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_a_training_that_is_stopped_or_killed(bench: Path, send: int) -> None:
    whole, cut = (asked(bench, f"{part}_{send}_helped", workers=2) for part in ("whole", "cut"))
    assert run_stage(whole)[1] == 0
    run_stage(cut, at("step", 2), send)
    wait_until(lambda: holders(cut) == [], seconds=60, what="no process of the run is left")
    events, status = run_stage(cut)
    assert status == 0
    card = json.loads((Path(whole["out"]) / "run_card.json").read_text())
    assert events[-1]["artifacts"] == card["artifacts"]
