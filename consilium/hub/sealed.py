"""Seals a secret for the database: Fernet under a key derived from the identity key, which is not in it."""

import base64
import hashlib
import hmac

from django.conf import settings

from consilium.hub.refusals import HubRefused


def seal(secret: str) -> str:
    """The secret as it may be stored."""
    from cryptography.fernet import Fernet

    return Fernet(_key()).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret. Raises HubRefused where it was sealed under another identity key."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(_key()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise HubRefused(
            "The token was kept under another identity key and is unreadable; an operator sets it again."
        ) from None


def mark_of(secret: str) -> str:
    """64 hex digits by which the same secret is known again, and that do not give it away."""
    return hmac.new(_derived("mark"), secret.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    return base64.urlsafe_b64encode(_derived("seal"))


def _derived(purpose: str) -> bytes:
    return hmac.new(
        settings.IDENTITY_KEY.encode(), f"consilium hub token: {purpose}".encode(), hashlib.sha256
    ).digest()
