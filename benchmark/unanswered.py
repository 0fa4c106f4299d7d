"""Calls of an evaluation that got no answer: counted by cause while it runs, and told by its job."""

import time
from collections import Counter
from typing import Final

from django.db import transaction

from benchmark.models import Evaluation
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CompletionTally
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

    def end(self, asked: CompletionTally, hint: str = "") -> None:
        """Store the counts. Raises JobFailed, with each cause and the hint, where a call got no answer."""
        if not asked.failed:
            return
        self._store()
        raise JobFailed(f"{len(asked.failed):,} of {asked.asked:,} calls got no answer: {asked.causes}{hint}")

    def _store(self) -> None:
        with transaction.atomic():
            self._handle.fence()
            Evaluation.objects.filter(pk=self._evaluation.pk).update(unanswered=dict(self._causes))
        self._stored_at = time.monotonic()
