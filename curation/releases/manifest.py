"""The manifest of a release: canonical JSON, a SHA-256 per row and file, and the one digest."""

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings

from consilium.canonical_json import canonical_sha256

FORMAT: Final = "consilium-release-1"
# Fields that may differ between two releases of equal content: the digest does not cover them.
VOLATILE: Final = frozenset({"name", "app_version", "created"})


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest that names a release: SHA-256 over the manifest without its volatile fields."""
    return canonical_sha256({key: value for key, value in manifest.items() if key not in VOLATILE})


@cache
def app_version() -> str:
    """The version written in pyproject.toml."""
    content = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(content)["project"]["version"])
