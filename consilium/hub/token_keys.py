"""Keys for the Hub's tokens, derived from the identity key, which is not in the database."""

import hashlib
import hmac

from django.conf import settings


def sealing_key() -> bytes:
    """Under which tokens are sealed."""
    return _derived("seal")


def mark_of(secret: str) -> str:
    """64 hex digits by which the same secret is known again, and that do not give it away."""
    return hmac.new(_derived("mark"), secret.encode(), hashlib.sha256).hexdigest()


def _derived(purpose: str) -> bytes:
    return hmac.new(
        settings.IDENTITY_KEY.encode(), f"consilium hub token: {purpose}".encode(), hashlib.sha256
    ).digest()
