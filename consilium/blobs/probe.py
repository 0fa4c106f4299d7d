"""Tries an object store and says what is wrong with it, in a process of its own (`-m consilium.blobs.probe`).

The process that asks may be one that forks its workers later, and what talks to the store has threads, which
a fork does not take along. Reads the address as JSON on stdin, prints a StoreReport as JSON. Pure: no Django.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from consilium.blobs.blob_store import StoreAway, StoreRefuses
from consilium.blobs.store_address import StoreAddress

if TYPE_CHECKING:
    from consilium.blobs.object_store import ObjectStore

# Says which site the store belongs to: two sites in one place would delete each other's files.
MARK: Final = "site.txt"
PROBES: Final = "probes/"
WORDS: Final = {
    "NoSuchBucket": "its bucket is not there",
    "InvalidAccessKeyId": "it does not know the access key",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "this site may not list, read, write or delete there",
}
FOREIGN: Final = "it holds the files of another site; give each site a bucket or prefix of its own"
LACKING: Final = (
    "it holds none of this site's stored files: is the name right? `manage.py blobs move` fills a new one"
)
CHANGES: Final = "it does not give back the bytes that it was given"


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What came of a try: `refusal` keeps the site from starting, `away` may pass."""

    refusal: str = ""
    away: str = ""
    has_versions: bool = False


def report_on(address: StoreAddress, site: str, keys: Sequence[str] = ()) -> StoreReport:
    """Try the store in a process of its own; `keys`: of some files that this site has, if it has any.

    A store without a mark becomes this site's if it holds one of them.
    """
    asked = json.dumps({"address": asdict(address), "site": site, "keys": list(keys)})
    seconds = 10 * address.seconds + 10
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "consilium.blobs.probe"],
            input=asked,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=Path(__file__).resolve().parents[2],
            check=True,
        )
        return StoreReport(**json.loads(answer.stdout))
    except (subprocess.SubprocessError, ValueError, TypeError) as problem:
        return StoreReport(away=type(problem).__name__)


def try_store(store: "ObjectStore", site: str, keys: Sequence[str] = ()) -> StoreReport:
    """Put, read, list and delete something, and read the mark of the site or set it."""
    try:
        return _try(store, site, keys)
    except StoreRefuses as refusal:
        return StoreReport(refusal=WORDS.get(refusal.cause, f"it refuses ({refusal.cause})"))
    except StoreAway as away:
        return StoreReport(away=away.cause)


def is_own(store: "ObjectStore", site: str) -> bool:
    """Whether the store bears the mark of this site. Raises StoreAway."""
    try:
        with store.open(MARK) as mark:
            return mark.read().decode(errors="replace").strip() == site
    except FileNotFoundError:
        return False


def _try(store: "ObjectStore", site: str, keys: Sequence[str]) -> StoreReport:
    key, content = f"{PROBES}{uuid.uuid4().hex}", uuid.uuid4().bytes
    version = store.write(key, content)
    try:
        with store.open(key) as found:
            is_same = found.read() == content
        is_listed = any(file.key == key for file in store.files(PROBES))
    finally:
        store.delete([key])
    if not (is_same and is_listed) or store.size(key) is not None:
        return StoreReport(refusal=CHANGES)
    if store.size(MARK) is None:
        if keys and all(store.size(known) is None for known in keys):
            return StoreReport(refusal=LACKING)
        store.write(MARK, site.encode())
    if not is_own(store, site):
        return StoreReport(refusal=FOREIGN)
    return StoreReport(has_versions=bool(version))


if __name__ == "__main__":
    from consilium.blobs.object_store import ObjectStore

    wanted = json.load(sys.stdin)
    at = ObjectStore(StoreAddress(**wanted["address"]))
    report = try_store(at, wanted["site"], wanted["keys"])
    json.dump(asdict(report), sys.stdout)
