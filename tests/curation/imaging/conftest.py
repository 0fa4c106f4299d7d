"""Fixtures of the imaging tests."""

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.imaging.protocol import DEFAULT, NotRebuilt, RebuildLimits, Rebuilt
from curation.imaging.sandbox import rebuild
from tests.factories.dicom import KEY

# Tests read the attributes of the outcome they expect: a wrong one fails there.
Rebuild = Callable[..., list[Any]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def run(out: Path) -> Rebuild:
    """Rebuild files; whatever they are, the parent may not grow by more than 50 MiB meanwhile."""

    def start(*files: Path, limits: RebuildLimits = DEFAULT) -> list[Rebuilt | NotRebuilt]:
        fresh = Path(tempfile.mkdtemp(dir=out))
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        before = _memory("VmRSS")
        outcomes = rebuild(files, fresh, key=KEY, limits=limits)
        assert _memory("VmHWM") - before < 50 * 1024
        return outcomes

    return start


def leftovers(out: Path) -> list[Path]:
    """What the runs of one test left in their folders."""
    return list(out.glob("*/*"))


def _memory(line: str) -> int:
    """KiB of one line of this process's status."""
    status = Path("/proc/self/status").read_text()
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(line))


@pytest.fixture
def keep(run: Rebuild) -> Callable[[Path], Rebuilt]:
    """Rebuild one file that must be kept."""

    def start(path: Path) -> Rebuilt:
        (outcome,) = run(path)
        assert isinstance(outcome, Rebuilt), outcome
        return outcome

    return start


@pytest.fixture
def refuse(run: Rebuild, out: Path) -> Callable[[Path], NotRebuilt]:
    """Rebuild one file that must be refused and leave nothing behind."""

    def start(path: Path) -> NotRebuilt:
        (outcome,) = run(path)
        assert isinstance(outcome, NotRebuilt), outcome
        assert leftovers(out) == []
        assert str(path.parent) not in outcome.message
        return outcome

    return start


def frame_of(image: Rebuilt, index: int = 0) -> np.ndarray:
    """The codes or RGB bytes a viewer reads from a frame file."""
    content = gzip.decompress((image.folder / image.frames[index].name).read_bytes())
    facts, size = image.facts, image.facts.rows * image.facts.columns
    if facts.kind == "colour":
        planes = np.frombuffer(content, np.uint8).reshape(3, facts.rows, facts.columns)
        return np.moveaxis(planes, 0, 2)
    low, high = np.frombuffer(content[:size], np.uint8), np.frombuffer(content[size:], np.uint8)
    return (
        (low.astype(np.uint16) | high.astype(np.uint16) << 8)
        .view(np.int16)
        .reshape(facts.rows, facts.columns)
    )
