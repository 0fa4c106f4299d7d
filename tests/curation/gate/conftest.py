"""An export in a folder, and processes that look at it and misbehave."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Become = Callable[..., list[int]]


@pytest.fixture
def become_hostile(monkeypatch: pytest.MonkeyPatch) -> Become:
    """From now on the process that looks misbehaves so; the numbers of the processes started are listed."""

    def become(how: str, *more: str) -> list[int]:
        real, started = subprocess.Popen, list[int]()

        def start(command: list[str], **options: Any) -> Any:
            place = command.index("curation.gate.child")
            changed = [*command[:place], "tests.curation.gate.hostile", *command[place + 1 :], how, *more]
            process = real(changed, **options)
            started.append(process.pid)
            return process

        monkeypatch.setattr("curation.imaging.child_process.subprocess.Popen", start)
        return started

    return become


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file that may leave."""
    made = tmp_path / "export"
    made.mkdir()
    (made / "rows.jsonl").write_text('{"id": "case-1", "text": "A clear field."}\n')
    return made
