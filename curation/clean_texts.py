"""Texts in which the patterns found nothing, remembered: an export says what was read before.

Only the patterns' answer is remembered, and only of the version that gave it. Names of accounts and header
mentions change from day to day and are looked for each time.
"""

import hashlib
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from curation import text
from curation.models import CleanText

# A shorter text is read faster than looked up.
SHORTEST: Final = 40
BATCH: Final = 500


@cache
def version() -> str:
    """Names the patterns: a hash of everything that they are written in."""
    digest = hashlib.sha256()
    for path in sorted(Path(text.__path__[0]).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_clean(said: str) -> bool:
    """Whether the patterns find nothing in a text, however it is wrapped."""
    # Here: it compiles hundreds of expressions, for which every command would wait.
    from curation.text.find import find, readings

    return not any(map(find, readings(said)))


def known_clean(texts: Iterable[str]) -> set[str]:
    """Those of the texts that were read before and held nothing."""
    by_digest = {_digest(each): each for each in set(texts) if len(each) >= SHORTEST}
    known: set[str] = set()
    digests = list(by_digest)
    for start in range(0, len(digests), BATCH):
        # By digest alone: given the version too, SQLite reads every text of the version each time.
        stored = CleanText.objects.filter(pk__in=digests[start : start + BATCH]).values_list("pk", "version")
        known.update(by_digest[digest] for digest, read_by in stored if read_by == version())
    return known


def remember_clean(texts: Collection[str]) -> None:
    """Remember texts in which nothing was found. A version's texts go when another version remembers."""
    digests = sorted({_digest(each) for each in texts if len(each) >= SHORTEST})
    if digests:
        CleanText.objects.exclude(version=version()).delete()
    for start in range(0, len(digests), BATCH):
        CleanText.objects.bulk_create(
            [CleanText(digest=digest, version=version()) for digest in digests[start : start + BATCH]],
            ignore_conflicts=True,
        )


def read_ahead(texts: Iterable[str]) -> None:
    """Read texts that an export will say, where there is time for it: in the job that brings them."""
    wanted = set(texts)
    remember_clean([each for each in sorted(wanted - known_clean(wanted)) if is_clean(each)])


def _digest(said: str) -> str:
    content = said.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16, key=version().encode()).hexdigest()
