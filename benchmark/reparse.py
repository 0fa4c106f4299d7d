"""Reads the stored replies of an evaluation anew with the parser of this version, without a call."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, TypeVar

from django.db import models, transaction

from benchmark.judge_job import read_verdict
from benchmark.launch import current_method
from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from benchmark.open_judge import open_judge_method, read_decision
from benchmark.preconditions import EvaluationRefused
from benchmark.run_card import results_of_evaluation
from benchmark.score_verdicts import read_scores, stored_scores
from benchmark.solve_job import READ, read_result
from consilium.answers import option_letters, solver_prompt
from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from curation.releases.freeze import rows_of

PART: Final = 1000
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Reparsed:
    """How many replies were read, how many of them now say something else, and by which version."""

    read: int
    changed: int
    parser: str = ""


@transaction.atomic
def reparse(*, evaluation: Evaluation, by: Person) -> Reparsed:
    """Read every stored reply of an evaluation that is over; replies stay as they are. On record.

    Raises NotAllowed, EvaluationRefused while its job may still store answers.
    """
    check_lead(by, evaluation.study)
    locked = Evaluation.objects.select_for_update(of=("self",)).select_related(
        "job", "release", "study", "endpoint"
    )
    one = locked.get(pk=evaluation.pk)
    if not one.job.is_over:
        raise EvaluationRefused(f"{one} is still being asked; wait until it is over, or stop it.")
    is_judge, before = one.kind == EvaluationKind.JUDGE, one.parser_version
    _, version = method_now(one)
    found = _verdicts(one) if is_judge else _answers(one)
    one.parser_version = version
    if one.open_judge_id:
        asked_with = one.settings["open_judge"]
        one.settings["open_judge"] = asked_with | {"parser_version": open_judge_method()["parser_version"]}
    if one.run_card:
        one.run_card = {**one.run_card, "parser_version": version, **results_of_evaluation(one)}
    one.save(update_fields=["parser_version", "settings", "run_card"])
    data = {"from": before, "to": version, "read": found.read, "changed": found.changed}
    record(action="evaluation.reparsed", obj=one, by=by, study=one.study, data=data)
    return replace(found, parser=version)


def _verdicts(evaluation: Evaluation) -> Reparsed:
    read = changed = 0
    scores = stored_scores(evaluation) if evaluation.endpoint.gives_scores else None
    for part in _parts(Verdict.objects.filter(evaluation=evaluation)):
        read, differ = read + len(part), []
        for verdict in part:
            fields = _read(evaluation, verdict, scores)
            if any(getattr(verdict, name) != value for name, value in fields.items()):
                changed += verdict.parsed != fields["parsed"]
                for name, value in fields.items():
                    setattr(verdict, name, value)
                differ.append(verdict)
        Verdict.objects.bulk_update(differ, ["parsed", "probabilities", "reason"])
    return Reparsed(read, changed)


def method_now(evaluation: Evaluation) -> tuple[str, str]:
    """Prompt and parser of a new one like it; of one from before open questions were asked, without these."""
    if evaluation.kind == EvaluationKind.SOLVER and " " not in evaluation.parser_version:
        return solver_prompt.PROMPT_HASH, option_letters.PARSER_VERSION
    return current_method(
        EvaluationKind(evaluation.kind), evaluation.endpoint, evaluation.release, evaluation.variant
    )


def _read(
    evaluation: Evaluation, verdict: Verdict, scores: dict[str, dict[str, str]] | None
) -> dict[str, Any]:
    """The fields of a verdict as this version reads them; `scores`: both replies to every row."""
    if scores is not None:
        return read_scores(evaluation, scores[verdict.row_id], verdict.order)
    return read_verdict(verdict.reply)


def _answers(evaluation: Evaluation) -> Reparsed:
    rows = {row["id"]: row for row in rows_of(evaluation.release).values_list("content", flat=True)}
    read = changed = 0
    for part in _parts(SolverResult.objects.filter(evaluation=evaluation)):
        read, differ = read + len(part), []
        for result in part:
            found = read_result(result.reply, rows[result.row_id]) | {
                "judged": result.judge_reply and read_decision(result.judge_reply)
            }
            if result.answer != found["answer"]:  # the judge decided on another one
                found |= {"judged": None, "judge_reply": None}
            if any(getattr(result, name) != value for name, value in found.items()):
                for name, value in found.items():
                    setattr(result, name, value)
                differ.append(result)
        changed += len(differ)
        SolverResult.objects.bulk_update(differ, [*READ, "judged", "judge_reply"])
    return Reparsed(read, changed)


def _parts(rows: "models.QuerySet[Row]") -> Iterator[list[Row]]:
    """The rows with their replies, so many at a time; by key, because they change meanwhile."""
    keys = iter(list(rows.order_by("pk").values_list("pk", flat=True)))
    while part := list(islice(keys, PART)):
        yield list(rows.filter(pk__in=part).select_related("reply").order_by("pk"))
