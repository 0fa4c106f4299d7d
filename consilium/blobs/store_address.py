"""Where an object store is, read from the environment. Pure: no Django."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from consilium.environment import EnvironmentRefused, read_seconds

NAME: Final = "CONSILIUM_OBJECT_STORE"
REGION: Final = "us-east-1"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where the objects are; credentials come from the environment or the instance, never from here.

    `seconds`: how long one reading or small writing waits for an answer. `authority`: PEM of a certificate
    authority to trust besides the system's.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = REGION
    seconds: float = 10.0
    authority: str = field(default="", repr=False)

    @property
    def is_plain(self) -> bool:
        """Whether images travel unencrypted."""
        return self.endpoint.startswith("http://")


def read_store_address(text: str | None = None) -> StoreAddress | None:
    """The address of CONSILIUM_OBJECT_STORE (or of `text`) with the variables beside it; None when unset.

    Raises EnvironmentRefused.
    """
    value = os.environ.get(NAME, "") if text is None else text
    if not value:
        return None
    scheme, _, rest = value.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    is_fit = scheme == "s3" and _BUCKET.fullmatch(bucket) and (not prefix or _PREFIX.fullmatch(prefix))
    if not is_fit or ".." in prefix.split("/"):
        raise EnvironmentRefused(f"{NAME} must be s3://bucket or s3://bucket/prefix.")
    return StoreAddress(
        bucket=bucket,
        prefix=prefix,
        endpoint=_endpoint(),
        region=os.environ.get(f"{NAME}_REGION") or REGION,
        seconds=read_seconds(f"{NAME}_SECONDS", default=10.0),
        authority=_authority(),
    )


def _endpoint() -> str:
    value = os.environ.get(f"{NAME}_ENDPOINT", "").rstrip("/")
    try:
        parts = urlsplit(value)
        is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        is_fit = is_fit and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        is_fit = False
    if value and not is_fit:
        raise EnvironmentRefused(f"{NAME}_ENDPOINT must be an address such as https://store.example:9000.")
    return value


def _authority() -> str:
    path = os.environ.get(f"{NAME}_CA")
    try:
        return Path(path).read_text() if path else ""
    except (OSError, ValueError):
        raise EnvironmentRefused(f"The file that {NAME}_CA names cannot be read.") from None
