"""Assets of others: recorded with version, licence and digest, and still the bytes that were recorded."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ASSETS = json.loads((ROOT / "static/vendor.lock.json").read_text())["assets"]
FOREIGN_URL = re.compile(r"(?:src|href|url\(|@import|from)\s*=?\s*[\"'(]\s*(?:https?:)?//")


def location(asset: dict) -> Path:
    path: str = asset["path"]
    if "package" not in asset:
        return ROOT / path
    spec = importlib.util.find_spec(asset["package"])
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / path


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset["name"])
def test_asset_is_the_one_that_was_recorded(asset: dict) -> None:
    content = location(asset).read_bytes()
    assert hashlib.sha256(content).hexdigest() == asset["sha256"]
    assert asset["licence"]
    assert asset["version"].encode() in content


def test_every_minified_file_is_recorded() -> None:
    recorded = {location(asset) for asset in ASSETS}
    foreign = [
        path
        for pattern in ("*.min.js", "*.min.css", "vendor/**/*.*")
        for folder in ("static", "tests")
        for path in (ROOT / folder).rglob(pattern)
    ]
    assert [path for path in foreign if path not in recorded] == []


def test_nothing_is_loaded_from_another_host() -> None:
    files = [path for folder in ("templates", "static") for path in (ROOT / folder).rglob("*.*")]
    texts = {
        path: path.read_text(encoding="utf-8") for path in files if path.suffix in {".html", ".css", ".js"}
    }
    assert [str(path) for path, text in texts.items() if FOREIGN_URL.search(text)] == []
