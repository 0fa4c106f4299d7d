"""Reads a frozen release the way a scorer needs it: rows, and images as data URIs."""

from typing import Any

from benchmark.models import Evaluation, EvaluationKind
from benchmark.preconditions import check_may_be_sent
from consilium.answers import option_letters
from consilium.answers.open_answers import READER_VERSION, AnswerKind, kind_of_question
from consilium.blobs.store import read_blob
from consilium.inference.images import data_uri
from consilium.jobs.handle import JobFailed
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of
from curation.releases.verify import verify
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState


def checked_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rows of the release after every hash was recomputed.

    Raises JobFailed when one does not hold, SourceRefused when a permission was taken back meanwhile,
    ImageWithdrawn when an image was.
    """
    release = evaluation.release
    if release.digest != evaluation.release_digest:
        raise JobFailed("The release no longer has the digest that this evaluation pinned.")
    if release.state != ReleaseState.FROZEN:
        raise JobFailed(f"The release {release} was {release.state} since the evaluation was launched.")
    check_images_stand(release)
    check_may_be_sent(evaluation.study, release, evaluation.endpoint)
    if problems := verify(release):
        raise JobFailed(f"The release does not match its digest: {problems[0]}")
    return list(rows_of(release).values_list("content", flat=True))


def is_scorable(row: dict[str, Any]) -> bool:
    """Whether a solver's answer to the row is a letter."""
    return answer_kind(row) is AnswerKind.CHOICE


def answer_kind(row: dict[str, Any]) -> AnswerKind | None:
    """How a solver's answer to the row is scored; None where the row holds nothing to compare it with."""
    stated = (row.get("facets") or {}).get("answer_type", "")
    return kind_of_question(row["options"] or {}, row.get("answer") or "", stated)


def expected_calls(release: Release, kind: str) -> int:
    """How many answers an evaluation is made of: both orders of a case, or each question with options or a
    reference answer.
    """
    if kind == EvaluationKind.JUDGE:
        return 2 * release.row_count
    return sum(map(bool, map(answer_kind, rows_of(release).values_list("content", flat=True))))


def solver_reader(release: Release) -> str:
    """What reads solvers' answers to the release's questions, with versions; open ones have their own."""
    contents = rows_of(release).values_list("content", flat=True)
    kinds = {answer_kind(row) for row in contents.iterator()} & {AnswerKind.CLOSED, AnswerKind.OPEN}
    return f"{option_letters.PARSER_VERSION} {READER_VERSION}" if kinds else option_letters.PARSER_VERSION


class ReleasedImages:
    """The images of one release by their path inside it; `is_blind`: none is sent."""

    def __init__(self, release: Release, is_blind: bool = False) -> None:
        self._is_blind = is_blind
        files = ReleaseFile.objects.filter(release=release)
        self._blobs: dict[str, str] = dict(files.values_list("path", "blob_id"))
        # Those of one row alone: the two orders of a case follow one another, and images are large.
        self._paths: list[str] = []
        self._uris: list[bytes] = []

    def data_uris(self, row: dict[str, Any]) -> list[bytes]:
        """The row's images in order, as every judge and solver gets them: the released bytes."""
        if self._is_blind:
            return []
        if row["images"] != self._paths:
            self._uris = [data_uri(read_blob(self._blobs[path])) for path in row["images"]]
            self._paths = row["images"]
        return list(self._uris)
