"""The audit chain: what it refuses, what it finds, and that concurrent writers leave it whole."""

import json
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from consilium.audit import verify
from consilium.audit.anchors import anchor_chains
from consilium.audit.append_only import Refusal
from consilium.audit.links import Break
from consilium.audit.models import AuditEvent, AuditHead
from consilium.audit.record import NotInTransaction, audited_transaction, event_digest, record
from consilium.audit.verify import verify_chains
from consilium.people.models import Study
from tests.factories.cast import Cast

REFUSAL = Refusal("audit_auditevent")


def write(study: Study, count: int = 1) -> list[AuditEvent]:
    events = []
    for _ in range(count):
        with transaction.atomic():
            events.append(record(action="test.done", obj=study, by=None, study=study, data={"n": 1}))
    return events


@pytest.fixture
def attacker(cast: Cast) -> Iterator[None]:
    """Somebody who may drop the triggers."""
    REFUSAL.remove(connection)
    yield
    REFUSAL.install(connection)


def test_a_whole_chain_has_no_breaks_and_keeps_studies_apart(cast: Cast) -> None:
    write(cast.study, 3)
    write(cast.other_study, 2)
    assert verify_chains() == (5, [])
    assert list(AuditHead.objects.order_by("chain").values_list("chain", "sequence")) == [
        ("study:chest", 3),
        ("study:other", 2),
    ]


def test_an_event_needs_the_transaction_of_its_change(transactional_db: None) -> None:
    study = Study.objects.create(slug="alone", name="Alone")
    with pytest.raises(NotInTransaction):
        record(action="test.done", obj=study, by=None, study=study)


def test_an_event_goes_away_with_its_rolled_back_change(cast: Cast) -> None:
    write(cast.study)
    with transaction.atomic():
        write(cast.study)
        transaction.set_rollback(True)
    assert verify_chains() == (1, [])


def note(study: Study, number: int) -> None:
    record(action="test.done", obj=study, by=None, study=study, data={"n": number})


def test_events_of_one_transaction_are_appended_at_its_end_and_lock_each_chain_once(cast: Cast) -> None:
    write(cast.study)
    with CaptureQueriesContext(connection) as asked, audited_transaction():
        note(cast.study, 1)
        note(cast.other_study, 2)
        with audited_transaction():
            note(cast.study, 3)
        assert AuditEvent.objects.count() == 1
    assert verify_chains() == (4, [])
    of_study = AuditEvent.objects.filter(study=cast.study).order_by("sequence")
    assert [event.data["n"] for event in of_study] == [1, 1, 3]
    texts = [query["sql"] for query in asked]
    assert len([sql for sql in texts if sql.startswith("INSERT INTO") and "auditevent" in sql]) == 2
    assert len([sql for sql in texts if sql.startswith("UPDATE") and "audithead" in sql]) == 2


def test_an_event_of_an_undone_part_is_not_appended(cast: Cast) -> None:
    def fail() -> None:
        with transaction.atomic():
            note(cast.study, 2)
            raise ZeroDivisionError

    with audited_transaction():
        note(cast.study, 1)
        with pytest.raises(ZeroDivisionError):
            fail()
        note(cast.study, 3)
    assert [event.data["n"] for event in AuditEvent.objects.order_by("sequence")] == [1, 3]


def test_a_failed_transaction_appends_nothing_and_the_next_one_starts_clean(cast: Cast) -> None:
    def fail() -> None:
        with audited_transaction():
            note(cast.study, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with audited_transaction():
        note(cast.study, 2)
    write(cast.study)
    assert [event.data["n"] for event in AuditEvent.objects.order_by("sequence")] == [2, 1]


@pytest.mark.parametrize("change", [lambda rows: rows.update(reason="other"), lambda rows: rows.delete()])
def test_the_database_refuses_update_and_delete(cast: Cast, change: Callable[[Any], Any]) -> None:
    write(cast.study, 2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(AuditEvent.objects.filter(sequence=1))
    assert verify_chains() == (2, [])


def test_an_edited_event_is_found(cast: Cast, attacker: None) -> None:
    write(cast.study, 3)
    AuditEvent.objects.filter(sequence=2).update(reason="was never said")
    assert verify_chains()[1] == [Break("study:chest", 2, "its content was changed")]


def test_an_edited_event_with_a_hash_made_to_fit_is_found(cast: Cast, attacker: None) -> None:
    events = write(cast.study, 3)
    edited = events[1]
    edited.reason = "was never said"
    fitting = event_digest(edited.previous_sha256, edited.content())
    AuditEvent.objects.filter(pk=edited.pk).update(reason=edited.reason, sha256=fitting)
    assert verify_chains()[1] == [Break("study:chest", 3, "does not follow the event before it")]


@pytest.mark.parametrize("sequence", [1, 2])
def test_an_event_deleted_before_the_end_is_found(cast: Cast, attacker: None, sequence: int) -> None:
    write(cast.study, 3)
    AuditEvent.objects.filter(sequence=sequence).delete()
    assert Break("study:chest", sequence, "an event is missing or was inserted here") in verify_chains()[1]


def test_a_cut_tail_is_found(cast: Cast, attacker: None) -> None:
    write(cast.study, 3)
    AuditEvent.objects.filter(sequence=3).delete()
    assert verify_chains()[1] == [Break("study:chest", 2, "the chain does not end where its head says")]


def test_an_inserted_event_is_found(cast: Cast) -> None:
    last = write(cast.study, 3)[-1]
    last.pk, last.sequence, last.previous_sha256 = None, 4, last.sha256
    last.sha256 = event_digest(last.previous_sha256, last.content())
    last.save(force_insert=True)
    assert verify_chains()[1] == [Break("study:chest", 4, "the chain does not end where its head says")]


def test_a_chain_that_was_deleted_whole_is_found(cast: Cast, attacker: None) -> None:
    write(cast.study, 2)
    AuditEvent.objects.all().delete()
    assert verify_chains() == (0, [Break("study:chest", 0, "the chain does not end where its head says")])


def test_a_chain_rewritten_whole_disagrees_with_an_anchor_of_an_earlier_version(
    cast: Cast, attacker: None, settings: Any, tmp_path: Path
) -> None:
    settings.CONSILIUM_HOME = tmp_path
    sha256 = write(cast.study, 2)[-1].sha256
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "2026-11-20.json").write_text(
        json.dumps(
            {"study:chest": {"sequence": 2, "sha256": sha256}, "system": {"sequence": 0, "sha256": ""}}
        )
    )
    write(cast.study, 1)
    assert verify_chains() == (3, [])
    AuditEvent.objects.all().delete()
    AuditHead.objects.all().delete()
    write(cast.study, 3)
    told = "differs from the anchor of 2026-11-20: the chain was rewritten here or before"
    assert verify_chains() == (3, [Break("study:chest", 2, told)])
    (tmp_path / "anchors" / "2026-11-20.json").write_text('{"study:chest": 2}')
    assert [found.problem for found in verify_chains()[1]] == ["the file of anchors of 2026-11-20 is damaged"]


def test_the_command_tells_by_its_exit_status_and_in_json(cast: Cast) -> None:
    write(cast.study, 3)
    anchor_chains(cause="test")
    out = StringIO()
    call_command("verify_audit", stdout=out)
    whole = ["events: 3", "anchors: 1", "breaks: 0", "unprotected: 0", "ok: True"]
    assert out.getvalue().splitlines() == whole
    REFUSAL.remove(connection)
    AuditEvent.objects.filter(sequence=2).update(action="test.undone")
    REFUSAL.install(connection)
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_audit", json=True, stdout=out)
    assert ended.value.returncode == 1
    (found,) = json.loads(out.getvalue())["breaks"]
    assert found == {
        "chain": "study:chest",
        "sequence": 2,
        "problem": "its content was changed",
        "sentence": "Study chest, event 2: its content was changed.",
    }


def test_events_written_while_the_chain_is_read_are_no_break(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cast.study, 3)
    names = AuditHead.objects.values_list

    def write_meanwhile(*args: Any, **kwargs: Any) -> Any:
        found = list(names(*args, **kwargs))
        write(cast.study, 2)
        return found

    monkeypatch.setattr(AuditHead.objects, "values_list", write_meanwhile)
    chain = verify._verify_chain

    def read_late(name: str, events: Any, head: AuditHead | None, anchored: Any) -> Any:
        write(cast.study)
        return chain(name, events, head, anchored)

    monkeypatch.setattr(verify, "_verify_chain", read_late)
    assert verify_chains() == (5, [])


def test_concurrent_writers_leave_the_chain_whole(transactional_db: None) -> None:
    study = Study.objects.create(slug="busy", name="Busy")
    write(study)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            write(study, 5)
        except BaseException as problem:
            failures.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert verify_chains() == (31, [])
