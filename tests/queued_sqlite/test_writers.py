"""Writers of one SQLite file take turns: in their order within a process, one process at a time."""

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.utils import ConnectionHandler

from consilium.queued_sqlite import writers
from consilium.queued_sqlite.writers import WriterQueue, WritersBusy

HOLDER = """
import sys
from consilium.queued_sqlite.writers import WriterQueue
WriterQueue(sys.argv[1]).enter(5)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held_elsewhere(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the turn."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "writers")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def waiting(queue: WriterQueue) -> int:
    return len(queue._waiting)


def is_locked(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_threads_get_their_turn_in_the_order_they_came(tmp_path: Path) -> None:
    queue, order = WriterQueue(str(tmp_path / "writers")), list[int]()

    def write(number: int) -> None:
        queue.enter(30)
        order.append(number)
        queue.leave()

    queue.enter(1)
    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for place, thread in enumerate(threads, start=1):
        thread.start()
        while waiting(queue) < place:
            thread.join(0.001)
    queue.leave()
    for thread in threads:
        thread.join()
    assert order == list(range(12))


def test_a_turn_that_does_not_come_is_given_up_and_passed_on(tmp_path: Path) -> None:
    queue = WriterQueue(str(tmp_path / "writers"))
    queue.enter(1)
    with pytest.raises(WritersBusy):
        queue.enter(0.01)
    assert waiting(queue) == 0
    queue.leave()
    queue.enter(0)
    queue.leave()


def test_another_process_is_waited_for(held_elsewhere: subprocess.Popen[str], tmp_path: Path) -> None:
    queue, order = WriterQueue(str(tmp_path / "writers")), list[str]()

    def write() -> None:
        queue.enter(30)
        order.append("written")
        queue.leave()

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.1)
    assert order == []
    assert held_elsewhere.stdin is not None
    held_elsewhere.stdin.close()
    writer.join(30)
    assert order == ["written"]


def test_a_process_with_many_writers_is_not_faster_again_than_one_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "writers"
    queue, order = WriterQueue(str(path)), list[str]()

    def write() -> None:
        queue.enter(30)
        order.append("written")
        queue.leave()

    queue.enter(1)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        writer = threading.Thread(target=write)
        while not is_locked(tmp_path / "writers-line"):
            threading.Event().wait(0.001)
        writer.start()
        while not waiting(queue):
            writer.join(0.001)
        queue.leave()
        assert other.stdout.readline() == "held\n"
        assert order == []
        other.stdin.close()
        writer.join(30)
    assert order == ["written"]


def test_a_process_that_stands_still_is_passed_over(
    held_elsewhere: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen between the end of its transaction and the end of its turn, it holds nothing of SQLite's."""
    monkeypatch.setattr(writers, "PATIENCE_SECONDS", 0.05)
    held_elsewhere.send_signal(signal.SIGSTOP)
    queue = WriterQueue(str(tmp_path / "writers"))
    for _ in range(3):
        queue.enter(30)
        queue.leave()
    assert queue._distrusts_until > 0
    held_elsewhere.send_signal(signal.SIGCONT)
    assert held_elsewhere.stdin is not None
    held_elsewhere.stdin.close()
    held_elsewhere.wait(30)
    queue.enter(30)
    assert queue._is_locked
    queue.leave()


def test_a_killed_writer_holds_nobody_up(held_elsewhere: subprocess.Popen[str], tmp_path: Path) -> None:
    queue = WriterQueue(str(tmp_path / "writers"))
    held_elsewhere.send_signal(signal.SIGKILL)
    queue.enter(30)
    queue.leave()


@pytest.fixture
def another(transactional_db: None, tmp_path: Path) -> Iterator[ConnectionHandler]:
    """Two connections of one thread to one file."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 0.05}
    file = {"ENGINE": "consilium.queued_sqlite", "NAME": str(tmp_path / "a.sqlite3"), "OPTIONS": options}
    handler = ConnectionHandler({"default": file, "second": file})
    yield handler
    handler.close_all()


def test_a_transaction_holds_the_turn_until_it_ends_however_it_ends(another: ConnectionHandler) -> None:
    first, second = another["default"], another["second"]
    for end in (first.commit, first.rollback, first.close):
        first.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        with pytest.raises(OperationalError, match="database is locked"):
            second.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        end()
        second.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        second.rollback()
        second.set_autocommit(True)
        first.connect() if first.connection is None else first.set_autocommit(True)


def test_a_transaction_that_cannot_begin_gives_the_turn_back(another: ConnectionHandler) -> None:
    first: Any = another["default"]
    second = another["second"]
    first.ensure_connection()
    first.transaction_mode = "NONSENSE"
    with pytest.raises(OperationalError, match="syntax error"):
        first.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    second.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    second.rollback()
    second.set_autocommit(True)


def test_the_embedded_installation_uses_it(transactional_db: None) -> None:
    with transaction.atomic():
        assert Path(f"{connection.settings_dict['NAME']}-writers").exists()
