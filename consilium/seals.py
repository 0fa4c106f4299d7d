"""Seals a secret for the database, under a key not in it: Fernet, of the library cryptography. Pure."""

import base64


class SealBroken(ValueError):
    """A sealed text that was sealed under another key, or was changed."""


def seal(secret: str, key: bytes) -> str:
    """The secret as it may be stored; `key`: 32 bytes."""
    # Here: every command would wait for the library.
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(key)).encrypt(secret.encode()).decode()


def unseal(sealed: str, key: bytes) -> str:
    """The secret. Raises SealBroken."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(base64.urlsafe_b64encode(key)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken("sealed under another key, or changed") from None
