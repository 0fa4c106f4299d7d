"""Answers what a training process asks of its judge: through the inference engine, on the study's behalf.

The process names rows and texts; the question, its images, the model's address and its key are looked up
here. Replies are stored as all replies are, so a run that is resumed gets the same scores again.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from consilium.answers import paradigm_scores
from consilium.answers.paradigm_scores import parse_scores
from consilium.blobs.store import read_blob
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.images import data_uri
from consilium.inference.models import ModelEndpoint, Reply
from consilium.people.models import Study
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of
from training.gba_preconditions import judge_of
from training.job.judge import JudgedAnswer, Scores, asked_answers, tell_scores

MAX_TOKENS: Final = 512


class JudgeDesk:
    """The judge of one process, which writes into `out`."""

    def __init__(self, endpoint: ModelEndpoint, study: Study, release: Release, out: Path) -> None:
        self._endpoint = endpoint
        self._study = study
        self._release = release
        self._out = out

    def answer(self, check: Callable[[], None]) -> None:
        """Ask for what the process wants to know, and tell it; a call that fails has no scores.

        `check` is called all the while and may raise to stop. Raises EndpointRefused, ServingFailed.
        """
        answers = asked_answers(self._out)
        found: list[Scores | None] = [None] * len(answers)

        def read(ask: ChatRequest, reply: Reply) -> None:
            # A reply that was cut at the doubled limit, too, says nothing.
            found[int(ask.tag)] = None if reply.finish_reason == CUT else parse_scores(reply.text) or None

        complete_all(self._endpoint, self._asks(answers), study=self._study, on_reply=read, check=check)
        tell_scores(self._out, found)

    def _asks(self, answers: list[JudgedAnswer]) -> Iterator[ChatRequest]:
        wanted = rows_of(self._release).filter(row_id__in={answer.row for answer in answers})
        rows: dict[str, dict[str, Any]] = dict(wanted.values_list("row_id", "content"))
        paths = {path for row in rows.values() for path in row["images"]}
        files = ReleaseFile.objects.filter(release=self._release, path__in=paths)
        blobs: dict[str, str] = dict(files.values_list("path", "blob_id"))
        for number, answer in enumerate(answers):
            row = rows[answer.row]
            options = {
                letter: text for letter, text in (row.get("options") or {}).items() if text is not None
            }
            text = paradigm_scores.build(row["question"], options, answer.text)
            messages = paradigm_scores.as_messages(text, [_image(blobs[path]) for path in row["images"]])
            yield ChatRequest(messages=messages, tag=str(number), max_tokens=MAX_TOKENS)


def judge_desk(
    study: Study, release: Release | None, stage: str, settings: dict[str, Any], out: Path
) -> JudgeDesk | None:
    """The desk of a process with these settings; None where it asks no judge. Raises LaunchRefused."""
    endpoint = judge_of(study, stage, settings)
    if endpoint is None or release is None:
        return None
    return JudgeDesk(endpoint, study, release, out)


@lru_cache(maxsize=32)  # the answers to one question follow one another
def _image(sha256: str) -> bytes:
    return data_uri(read_blob(sha256))
