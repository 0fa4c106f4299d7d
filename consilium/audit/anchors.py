"""Anchors: where each chain ended on a day, in a file outside the database.

A chain proves its own order, not that it was not rewritten whole or cut at its end together with its head.
Keep copies of these files elsewhere (docs/configuration.md): a rewritten chain disagrees with them.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from consilium.audit.models import AuditEvent, AuditHead


def anchors_folder() -> Path:
    """Where the anchor files lie."""
    return Path(settings.CONSILIUM_HOME) / "anchors"


def write_anchor() -> Path:
    """Write (once a day; again replaces it) `<day>.json` = {chain: {sequence, sha256}}; returns its path."""
    ends = {
        head.chain: {"sequence": head.sequence, "sha256": head.sha256} for head in AuditHead.objects.all()
    }
    folder = anchors_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{datetime.now(UTC):%Y-%m-%d}.json"
    draft = folder / f".new-{os.getpid()}"
    with draft.open("w") as out:
        json.dump(ends, out, indent=1, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(target)
    return target


def disagreements() -> Iterator[tuple[str, int, str]]:
    """(chain, sequence, problem) for every anchored end that the chains no longer contain."""
    for path in sorted(anchors_folder().glob("*.json")):
        for chain, end in _read(path).items():
            if end["sequence"] and not _contains(chain, end):
                yield chain, end["sequence"], f"differs from the anchor of {path.stem}"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    ends: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return ends


def _contains(chain: str, end: dict[str, Any]) -> bool:
    return AuditEvent.objects.filter(chain=chain, sequence=end["sequence"], sha256=end["sha256"]).exists()
