"""A new parser reads what is stored: no call, nothing lost, on record."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from benchmark import judge_job, reparse
from benchmark.models import Evaluation, SolverResult, Verdict
from benchmark.preconditions import EvaluationRefused
from consilium.answers.verdicts import PARSER_VERSION
from consilium.audit.models import AuditEvent
from consilium.inference.models import Reply
from consilium.people.permissions import NotAllowed
from tests.factories import benchmark as making
from tests.factories.cast import Cast

LABELS = "ABAB"
RIGHT = [("A", "B"), ("B", "A"), ("A", "B"), ("B", "A")]


def command(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("reparse", *words, "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def earlier(evaluation: Evaluation) -> None:
    """As an earlier parser left it: it could not read anything."""
    Verdict.objects.filter(evaluation=evaluation).update(parsed={}, reason="no verdict stated")
    SolverResult.objects.filter(evaluation=evaluation).update(letter="", is_correct=False)
    Evaluation.objects.filter(pk=evaluation.pk).update(parser_version="verdicts-0")


def test_stored_replies_are_read_anew_and_stay(cast: Cast) -> None:
    release = making.preferences(cast, LABELS)
    made = making.judged(cast, release, making.endpoint("right"), [*RIGHT[:3], (None, "B")])
    before = list(Verdict.objects.order_by("pk").values("row_id", "order", "parsed", "reason", "reply"))
    replies = list(Reply.objects.order_by("pk").values())
    earlier(made)
    told = command(release.digest, "--by", cast.lena.username)
    line = {"evaluation": made.pk, "model": "right", "variant": "standard", "read": 8, "changed": 8}
    assert told["evaluations"] == [line]
    assert (
        list(Verdict.objects.order_by("pk").values("row_id", "order", "parsed", "reason", "reply")) == before
    )
    assert list(Reply.objects.order_by("pk").values()) == replies
    made.refresh_from_db()
    assert made.parser_version == PARSER_VERSION
    event = AuditEvent.objects.get(action="evaluation.reparsed")
    assert event.data == {"from": "verdicts-0", "to": made.parser_version, "read": 8, "changed": 8}
    assert command(release.digest, "--by", cast.lena.username)["evaluations"][0]["changed"] == 0


def test_answers_of_solvers_are_read_anew(cast: Cast) -> None:
    release = making.questions(cast, 4)
    made = making.solved(cast, release, making.endpoint("solver"), {0: True, 1: False, 2: None, 3: True})
    before = list(SolverResult.objects.order_by("pk").values("letter", "is_correct"))
    earlier(made)
    told = reparse.reparse(evaluation=made, by=cast.lena)
    assert (told.read, told.changed) == (4, 3)
    assert list(SolverResult.objects.order_by("pk").values("letter", "is_correct")) == before


def test_a_failure_in_the_middle_changes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = making.judged(cast, making.preferences(cast, LABELS), making.endpoint("right"), RIGHT)
    earlier(made)
    reads = iter(range(6))

    def read(reply: Reply) -> Any:
        next(reads)
        return judge_job.read_verdict(reply)

    monkeypatch.setattr(reparse, "read_verdict", read)
    monkeypatch.setattr(reparse, "PART", 2)
    with pytest.raises(StopIteration):
        reparse.reparse(evaluation=made, by=cast.lena)
    assert set(Verdict.objects.values_list("reason", flat=True)) == {"no verdict stated"}
    made.refresh_from_db()
    assert made.parser_version == "verdicts-0"


def test_who_may_not_and_what_cannot_be_is_refused(cast: Cast) -> None:
    release = making.preferences(cast, LABELS)
    (coming,) = making.launched(cast, release, making.endpoint("coming"))
    with pytest.raises(EvaluationRefused, match="still being asked"):
        reparse.reparse(evaluation=coming, by=cast.lena)
    with pytest.raises(NotAllowed):
        reparse.reparse(evaluation=making.over(coming), by=cast.anna)
    with pytest.raises(CommandError, match="no evaluation of nobody"):
        command(release.digest, "--endpoint", "nobody", "--by", cast.lena.username)
    bare = making.preferences(cast, "AB", name="Bare", seed=5)
    with pytest.raises(CommandError, match="Nothing has been scored"):
        command(bare.digest, "--by", cast.lena.username)
