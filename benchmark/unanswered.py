"""Calls of an evaluation that got no answer: counted by cause while it runs, and told by its job."""

import time
from collections import Counter
from typing import Final

from django.db import transaction

from benchmark.models import Evaluation
from consilium.inference.chat_request import ChatRequest
from consilium.jobs.handle import JobFailed, JobHandle

_SECONDS: Final = 1.0  # between two writes


class UnansweredCalls:
    """The calls of one try of a job; what an earlier try counted is void, it is asked again."""

    def __init__(self, evaluation: Evaluation, handle: JobHandle) -> None:
        self._evaluation, self._handle = evaluation, handle
        self._causes = Counter[str]()
        self._stored_at = time.monotonic()
        if evaluation.unanswered:
            self._store()

    def note(self, ask: ChatRequest, cause: str) -> None:
        """One more call got no answer; `cause` is a sentence for people."""
        self._causes[cause] += 1
        if time.monotonic() - self._stored_at >= _SECONDS:
            self._store()

    def end(self, asked: int) -> None:
        """Store the counts. Raises JobFailed with all causes where a call got no answer."""
        if not self._causes:
            return
        self._store()
        causes = "; ".join(f"{count:,} times: {cause}" for cause, count in self._causes.most_common(5))
        raise JobFailed(f"{self._causes.total():,} of {asked:,} calls got no answer. {causes}")

    def _store(self) -> None:
        with transaction.atomic():
            self._handle.fence()
            Evaluation.objects.filter(pk=self._evaluation.pk).update(unanswered=dict(self._causes))
        self._stored_at = time.monotonic()
