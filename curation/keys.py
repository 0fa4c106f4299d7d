"""Keys of keyed hashes, one per study and purpose, derived from the identity key: nothing links across."""

import hashlib
import hmac

from django.conf import settings

from consilium.people.models import Study


def study_key(study: Study, purpose: str) -> bytes:
    """A 32-byte key for one purpose ("imaging", "patient", "file path", "use") inside one study."""
    purpose_in_study = f"curation:{purpose}:{study.pk}".encode()
    return hmac.new(str(settings.IDENTITY_KEY).encode(), purpose_in_study, hashlib.sha256).digest()


def keyed(key: bytes, text: str) -> str:
    """HMAC-SHA256 (64 hex digits) of a text."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
