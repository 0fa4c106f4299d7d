"""One trained tiny base, one release, one undisturbed run of each stage: built once, in subprocesses."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.harness import once
from tests.training.job.process import Event, run_stage
from tests.training.job.release import write_preferences, write_release
from training.demo_models.teaching_set import demo_settings

JUDGE_STAGES = ("judge_sft", "judge_dpo", "reward_model")
QUICK_JUDGE = {
    "lora_r": 4,
    "lora_alpha": 8,
    "learning_rate": 1e-3,
    "max_pixels": 3136,
    "batch": 4,
    "micro_batch": 2,
    "max_steps": 4,
    "checkpoint_every": 1,
    "held_out": 0.25,
}


class Finished(NamedTuple):
    """A run that ended well: its specification and its events."""

    spec: dict[str, Any]
    events: list[Event]

    @property
    def out(self) -> Path:
        return Path(self.spec["out"])

    @property
    def artifacts(self) -> dict[str, str]:
        found: dict[str, str] = self.events[-1]["artifacts"]
        return found


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `models/base` and the release `data`."""
    folder = tmp_path_factory.mktemp("training_job")
    shutil.copytree(once.tiny_models(tmp_path_factory, "base") / "base", folder / "models" / "base")
    write_release(folder / "data", 192)
    return folder


@pytest.fixture(scope="module")
def frozen_heap() -> Iterator[None]:
    """The trainer collects garbage after every run: not among all that the libraries hold."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of eight rows."""
    return write_release(tmp_path_factory.mktemp("release"), 8)


@pytest.fixture(scope="session")
def dsa(bench: Path) -> Finished:
    """The pediatrics expert with the demo's settings, undisturbed."""
    return finish(dsa_spec(bench, "expert"), is_fresh=True)


@pytest.fixture(scope="session")
def gba(bench: Path, dsa: Finished) -> Finished:
    """A few GBA steps from the expert, undisturbed."""
    return finish(gba_spec(bench, "reinforced", dsa.out), is_fresh=True)


@pytest.fixture(scope="session")
def preferences(bench: Path) -> Path:
    return write_preferences(bench / "preferences", 12)


@pytest.fixture(scope="session")
def judges(bench: Path, preferences: Path) -> dict[str, Finished]:
    """One undisturbed run of each stage."""
    return {stage: finish(judge_spec(bench, stage, stage)) for stage in JUDGE_STAGES}


def judge_spec(bench: Path, stage: str, name: str, **settings: Any) -> dict[str, Any]:
    shared = {"base": str(bench / "models" / "base"), "data": str(bench / "preferences"), "device": "cpu"}
    own = {"stage": stage, "out": str(bench / name), "seed": 1, "settings": QUICK_JUDGE | settings}
    return shared | own


def dsa_spec(bench: Path, name: str, **settings: Any) -> dict[str, Any]:
    return {
        "stage": "dsa",
        **_shared(bench, name),
        "data": str(bench / "data"),
        "specialty": "pediatrics",
        "settings": {**demo_settings()["dsa"], **settings},
    }


def gba_spec(bench: Path, name: str, expert: Path, **settings: Any) -> dict[str, Any]:
    return {
        "stage": "gba",
        **_shared(bench, name),
        "data": str(bench / "data"),
        "experts": [str(expert)],
        "settings": {**demo_settings()["gba"], "checkpoint_every": 1, **settings},
    }


def merge_spec(bench: Path, name: str, expert: Path, reinforced: Path) -> dict[str, Any]:
    return {"stage": "merge", **_shared(bench, name), "experts": [str(expert)], "reinforced": str(reinforced)}


def finish(spec: dict[str, Any], *, is_fresh: bool = False) -> Finished:
    """Run a stage that is expected to end well."""
    events, status = run_stage(spec, is_fresh=is_fresh)
    assert status == 0, Path(spec["out"]).with_suffix(".err").read_text()
    return Finished(spec, events)


def _shared(bench: Path, name: str) -> dict[str, Any]:
    return {"base": str(bench / "models" / "base"), "out": str(bench / name), "seed": 1, "device": "cpu"}
