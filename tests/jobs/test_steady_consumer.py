"""A worker that loses its broker while it works goes on, whatever its threads do meanwhile."""

import pytest
from celery.utils.imports import symbol_by_name
from celery.worker.consumer import Consumer

from consilium.celery import app
from consilium.jobs import steady_consumer


def consumer(monkeypatch: pytest.MonkeyPatch, failures: int) -> tuple[Consumer, list[int]]:
    """A consumer as the worker makes it, whose sets change under its hands so many times."""
    calls: list[int] = []

    def on_close(self: Consumer) -> None:
        calls.append(len(calls))
        if len(calls) <= failures:
            raise RuntimeError("Set changed size during iteration")

    monkeypatch.setattr(Consumer, "on_close", on_close)
    monkeypatch.setattr(steady_consumer, "PAUSE_SECONDS", 0)
    made = symbol_by_name(app.conf.worker_consumer)
    return made.__new__(made), calls


def test_what_changes_while_it_is_looked_through_is_looked_through_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, calls = consumer(monkeypatch, failures=2)
    made.on_close()
    assert calls == [0, 1, 2]


def test_an_error_that_stays_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls = consumer(monkeypatch, failures=10_000)
    with pytest.raises(RuntimeError, match="changed size"):
        made.on_close()
    assert len(calls) == steady_consumer.TRIES
