"""What tests of layouts share: exports of whole releases, read by the libraries of other people."""

import hashlib
from pathlib import Path

import pytest

from curation.layouts.registry import known


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


def digests(folder: Path) -> dict[str, str]:
    """Each file of the folder and the hash of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


PAIRS = [(layout.name, kind) for layout in known() for kind in sorted(layout.kinds)]
