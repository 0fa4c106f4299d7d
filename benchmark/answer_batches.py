"""Stores the answers of a round as they arrive, several in one transaction under the job's lease."""

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from django.db import transaction

from consilium.inference.chat_request import ChatRequest
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle

# What was asked under this tag, and what came.
Answered: TypeAlias = tuple[str, Reply]

# An answer waits for others no longer than progress does, and for no more than so many: a commit of its own
# for each would cost more than the call.
BATCH_SECONDS: Final = 0.25
BATCH_ANSWERS: Final = 256


class AnswerBatches:
    """What `complete_all` calls back: `add` for each answer, `check` in between; `flush` when all came.

    A worker that dies takes an unstored batch with it, but not its replies: these were stored before, and the
    next try finds them there.
    """

    def __init__(
        self,
        handle: JobHandle,
        store: Callable[[Sequence[Answered]], None],
        *,
        done: int,
        total: int,
        of: str,
    ) -> None:
        """`store` writes one batch; `done` of `total` are stored already; `of`: the word for them."""
        self._handle, self._store = handle, store
        self.done, self._total, self._of = done, total, of
        self._batch: list[Answered] = []
        self._flushed_at = time.monotonic()

    def add(self, ask: ChatRequest, reply: Reply) -> None:
        """Take one answer. Raises LeaseLost or Cancelled, as `flush`."""
        self._batch.append((ask.tag, reply))
        if len(self._batch) >= BATCH_ANSWERS:
            self.flush()

    def check(self) -> None:
        """Store what has waited long enough. Raises LeaseLost or Cancelled."""
        if self._batch and time.monotonic() - self._flushed_at >= BATCH_SECONDS:
            self.flush()
        self._handle.check()

    def flush(self) -> None:
        """Store what is there. Raises LeaseLost or Cancelled; nothing of the batch is stored then."""
        if self._batch:
            with transaction.atomic():
                self._handle.fence()
                self._store(self._batch)
            self.done += len(self._batch)
            self._batch = []
            self._handle.progress(self.done, self._total, self._of)
        self._flushed_at = time.monotonic()
