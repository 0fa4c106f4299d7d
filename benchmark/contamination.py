"""Which rows of a release a model must not be scored on: it was trained here on data of the same origin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from consilium.inference.models import ModelEndpoint
from curation.models import Release, ReleaseKind
from curation.releases.freeze import rows_of

# What two rows can have in common so that they are not independent, in words.
RELEASE, QUESTION, PATIENT, IMAGE = "this very release", "same question", "same patient", "same image"
_NAMED: Final = ((QUESTION, "question_id"), (PATIENT, "cluster"))


@dataclass(frozen=True)
class SharedRow:
    """A row of the release, and what it has in common with what the model was trained on."""

    row_id: str
    because: tuple[str, ...]


def shared_rows(release: Release, endpoints: Iterable[ModelEndpoint]) -> dict[int, list[SharedRow]]:
    """Key of each endpoint that was trained on data of the release to those rows, in their order.

    By the releases that an endpoint's provenance names, which may also have taught what taught it. Reads all
    rows of all of them: not for a transaction in which others wait.
    """
    trained = {one.pk: set(digests) for one in endpoints if (digests := one.provenance.get("releases"))}
    if not trained:
        return {}
    seen = _seen(trained)
    found: dict[int, list[SharedRow]] = {}
    site = _site(release)
    for row in rows_of(release).values_list("content", flat=True).iterator():
        marks = set(_marks(row, site))
        for pk, digests in trained.items():
            kinds = {kind for kind, _ in marks & seen[pk]}
            because = [RELEASE] if release.digest in digests else []
            because += [kind for kind in (QUESTION, PATIENT, IMAGE) if kind in kinds]
            if because:
                found.setdefault(pk, []).append(SharedRow(row["id"], tuple(because)))
    return found


def _seen(trained: dict[int, set[str]]) -> dict[int, set[tuple[str, str]]]:
    """Key of each endpoint to the marks of all that it learned from; every release is read once."""
    seen: dict[int, set[tuple[str, str]]] = {pk: set() for pk in trained}
    for source in Release.objects.filter(digest__in=set().union(*trained.values())):
        # Judges learn from preferences of every use but dev, whatever their rows say; others from train.
        uses = ("train", "test") if source.kind == ReleaseKind.PREFERENCES else ("train",)
        rows = rows_of(source).values_list("content", flat=True).iterator()
        site = _site(source)
        marks = {mark for row in rows if row.get("split", "train") in uses for mark in _marks(row, site)}
        for pk, digests in trained.items():
            if source.digest in digests:
                seen[pk] |= marks
    return seen


def _site(release: Release) -> str:
    """Whose numbers the ids of its rows are: this site's, or those of the study where it was frozen."""
    origin = release.came_from
    return f"{origin.study}: " if origin else ""


def _marks(row: dict[str, Any], site: str) -> Iterator[tuple[str, str]]:
    """What tells that two rows are not independent: question, cluster (patient), image contents."""
    yield from ((kind, f"{site}{row[name]}") for kind, name in _NAMED if row.get(name))
    yield from ((IMAGE, sha256) for sha256 in row.get("sha256", []))
