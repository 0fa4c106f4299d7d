"""The three keys of an installation: from the environment, else made once in the key folder. No Django.

* The signing key signs sessions. It can be replaced at any time; retired ones still read what they signed.
* The identity key makes pseudonyms and the keyed hashes that group a patient's images. It never changes.
* The record key signs the anchors of the audit record (`consilium.audit.anchors`).

A file holds one key per line, the one in force first; only the signing key ever has more than one.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from consilium.atomic_folder import sync
from consilium.environment import EnvironmentRefused

LEAST_LENGTH = 50
LEAST_VARIETY = 5
SIGNING, IDENTITY, RECORD = "signing", "identity", "record"
VARIABLES = {
    SIGNING: "CONSILIUM_SECRET_KEY",
    IDENTITY: "CONSILIUM_IDENTITY_KEY",
    RECORD: "CONSILIUM_RECORD_KEY",
}
RETIRED_VARIABLE = "CONSILIUM_SECRET_KEY_FALLBACKS"
# Before there were three keys, one file in the data folder held the only one.
FORMER_FILE = "secret.key"


@dataclass(frozen=True, slots=True)
class Keys:
    """What an installation signs and hashes with.

    `identity_is_former`: the identity key was given, or is the one secret of an earlier version; else it was
    made here, and no earlier row can derive from it.
    """

    folder: Path
    signing: str = field(repr=False)
    retired: tuple[str, ...] = field(repr=False)
    identity: str = field(repr=False)
    record: str = field(repr=False)
    identity_is_former: bool


def key_folder(home: Path) -> Path:
    """Where made keys lie (CONSILIUM_KEYS, default `keys` in the data folder)."""
    return Path(os.environ.get("CONSILIUM_KEYS") or home / "keys").resolve()


def read_keys(home: Path) -> Keys:
    """The keys of the installation with this data folder; what is not given and not there is made.

    Raises EnvironmentRefused for a key that is too short or ambiguous and a folder that cannot be used.
    """
    folder = key_folder(home)
    try:
        former, given = _former(home), _given(IDENTITY)
        signing, *retired = _given(SIGNING) or _kept(folder, SIGNING, new_key)
        (identity,) = given or _kept(folder, IDENTITY, lambda: _agreed(former) or new_key())
        (record,) = _given(RECORD) or _kept(folder, RECORD, new_key)
    except OSError as problem:
        reason = type(problem).__name__
        raise EnvironmentRefused(
            f"The key folder (CONSILIUM_KEYS) or a key file cannot be read or written ({reason})."
        ) from None
    return Keys(
        folder=folder,
        signing=_checked(SIGNING, signing),
        retired=(*retired, *os.environ.get(RETIRED_VARIABLE, "").split()),
        identity=_checked(IDENTITY, identity),
        record=_checked(RECORD, record),
        identity_is_former=bool(given) or identity in former,
    )


def key_id(purpose: str, key: str) -> str:
    """16 hex digits that tell a key from others and do not give it away: they may be shown and stored."""
    return hmac.new(key.encode(), f"consilium key id: {purpose}".encode(), hashlib.sha256).hexdigest()[:16]


def is_set(purpose: str) -> bool:
    """Whether the environment gives this key, so that its file is not read."""
    name = VARIABLES[purpose]
    return name in os.environ or f"{name}_FILE" in os.environ


def new_key() -> str:
    """A key of 86 characters from the system's random source."""
    return secrets.token_urlsafe(64)


def rotate_signing_key(folder: Path, new: str) -> None:
    """Put a new signing key in force and retire the old one, from the next start on."""
    _rewrite_signing_keys(folder, lambda held: [new, *held])


def retire_signing_keys(folder: Path) -> int:
    """Forget the retired signing keys; how many. What only they signed is worth nothing any more."""
    forgotten = list[str]()

    def keep_first(held: list[str]) -> list[str]:
        forgotten.extend(held[1:])
        return held[:1]

    _rewrite_signing_keys(folder, keep_first)
    return len(forgotten)


def _rewrite_signing_keys(folder: Path, change: Callable[[list[str]], list[str]]) -> None:
    with _only_writer(folder):
        path = folder / f"{SIGNING}.key"
        draft = _draft(folder, change(_lines(path)))
        draft.replace(path)
        sync(folder)


def _given(purpose: str) -> list[str] | None:
    """The lines of this key from its variable or the file that one names; None when neither is set."""
    name = VARIABLES[purpose]
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise EnvironmentRefused(f"Set {name} or {name}_FILE, not both.")
    if file is None:
        return None if value is None else [value]
    lines = _lines(Path(file)) or [""]
    if len(lines) > 1 and purpose != SIGNING:
        raise EnvironmentRefused(f"The file that {name}_FILE names must hold one line.")
    return lines


def _former(home: Path) -> list[str]:
    """The secrets that an installation of the time before three keys may have used, each once."""
    file = home / FORMER_FILE
    found = [os.environ.get(VARIABLES[SIGNING]), *(_lines(file) if file.exists() else [])]
    return list(dict.fromkeys(key for key in found if key))


def _agreed(former: list[str]) -> str:
    """The one former secret, which stays the identity key: pseudonyms and groups are what they were."""
    if len(former) > 1:
        raise EnvironmentRefused(
            "This installation has two secrets from before there were three keys: CONSILIUM_SECRET_KEY and "
            "secret.key in the data folder. Set CONSILIUM_IDENTITY_KEY to the one that was in use (it is "
            "CONSILIUM_SECRET_KEY, where that was set): pseudonyms and patients' groups derive from it."
        )
    return _checked(IDENTITY, former[0]) if former else ""


def _kept(folder: Path, purpose: str, make: Callable[[], str]) -> list[str]:
    """The lines of the key's file; made, whole and by one process only, where there is none."""
    path = folder / f"{purpose}.key"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _draft(folder, [make()])
        try:
            path.hardlink_to(draft)
        except FileExistsError:  # another process of the same start made it first
            pass
        finally:
            draft.unlink()
        sync(folder)
    lines = _lines(path)
    return lines if lines and (len(lines) == 1 or purpose == SIGNING) else [""]


def _checked(purpose: str, key: str) -> str:
    if len(key) < LEAST_LENGTH:
        raise EnvironmentRefused(
            f"The {purpose} secret key is shorter than {LEAST_LENGTH} characters ({VARIABLES[purpose]} or "
            f"{purpose}.key in the key folder): put the right one back; a new site takes a longer one."
        )
    if len(set(key)) < LEAST_VARIETY or key.startswith("django-insecure-"):
        raise EnvironmentRefused(
            f"The {purpose} secret key can be guessed; make one by chance (docs/configuration.md, Keys)."
        )
    return key


def _draft(folder: Path, lines: list[str]) -> Path:
    path = folder / f".new-{secrets.token_hex(8)}"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return path


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
