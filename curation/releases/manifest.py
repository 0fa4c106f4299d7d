"""The manifest of a release: canonical JSON, a SHA-256 per row and file, and the one digest."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings

FORMAT: Final = "consilium-release-1"
# Fields that may differ between two releases of equal content: the digest does not cover them.
VOLATILE: Final = frozenset({"name", "app_version", "created"})


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces. Raises ValueError for NaN and infinities."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest that names a release: SHA-256 over the manifest without its volatile fields."""
    return sha256_of({key: value for key, value in manifest.items() if key not in VOLATILE})


@cache
def app_version() -> str:
    """The version written in pyproject.toml."""
    content = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(content)["project"]["version"])
