"""Celery's consumer, which survives losing its broker while threads of the pool finish what they run."""

import time
from typing import Final

from celery.worker.consumer import Consumer

TRIES: Final = 50
PAUSE_SECONDS: Final = 0.02


class SteadyConsumer(Consumer):
    """See `on_close`; Celery is told of this class by its setting `worker_consumer`."""

    def on_close(self) -> None:
        """Forget what the lost connection had delivered; Celery calls this before it connects anew.

        It goes through sets that the pool's threads change at the same time, and an error here ends the whole
        worker ("Set changed size during iteration", seen when Redis was killed under load). It only removes,
        so doing it again goes on where it stopped.
        """
        for _ in range(TRIES - 1):
            try:
                super().on_close()
                return
            except RuntimeError:
                time.sleep(PAUSE_SECONDS)
        super().on_close()
