"""The manifest of a release: canonical JSON, a SHA-256 per row and file, and the one digest."""

from collections.abc import Mapping
from typing import Any, Final

from consilium.canonical_json import canonical_sha256

FORMAT: Final = "consilium-release-1"
# Fields that may differ between two releases of equal content: the digest does not cover them.
# Signatures stand in exported manifests only: they are made after the digest, which they sign.
VOLATILE: Final = frozenset({"name", "app_version", "created", "record", "signatures"})


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest that names a release: SHA-256 over the manifest without its volatile fields."""
    return canonical_sha256({key: value for key, value in manifest.items() if key not in VOLATILE})
