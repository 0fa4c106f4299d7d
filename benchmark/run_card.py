"""The run card of an evaluation: what its figures were made from and with, and the figures themselves."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib import metadata
from math import fsum
from typing import Any, Final, NamedTuple

import numpy as np
from django.utils import timezone

from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from benchmark.open_judge import open_judge_facts
from benchmark.release_rows import answer_kind
from benchmark.report.frame import read_frame
from benchmark.variants import variant_facts
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.open_answers import AnswerKind
from consilium.canonical_json import canonical_json
from consilium.hardware import this_hardware
from consilium.inference.complete import CompletionTally
from consilium.inference.models import ModelEndpoint
from consilium.statistics.intervals import wilson
from consilium.statistics.json_form import as_json
from consilium.statistics.judge_scores import slice_rows
from consilium.version import app_version, code_commit
from curation.releases.freeze import rows_of

# A solver's card of form 1 added kinds of questions up.
FORMATS: Final = {
    EvaluationKind.JUDGE: "consilium-evaluation-card-1",
    EvaluationKind.SOLVER: "consilium-evaluation-card-2",
}
SERVED_WITH: Final = ("transformers", "torch")
IMAGES: Final = "the released files as they are, at full size, the same for every model"
_PART: Final = 5000


class _Read(NamedTuple):
    """What a solver's reply was read as."""

    letter: str
    is_correct: bool
    recall: float | None


def end_evaluation(evaluation: Evaluation, asked: CompletionTally) -> None:
    """Write the run card: everything needed to say where these figures come from."""
    tries = {reason.rstrip("."): number for reason, number in asked.failed_tries.items()}
    card = evaluation_card(evaluation) | {"failed_tries": tries}
    Evaluation.objects.filter(pk=evaluation.pk).update(run_card=card)


def evaluation_card(evaluation: Evaluation) -> dict[str, Any]:
    """The card of an evaluation whose answers are in, as JSON."""
    endpoint, job = evaluation.endpoint, evaluation.job
    is_judge = evaluation.kind == EvaluationKind.JUDGE
    tokens = evaluation.settings["max_tokens"]
    return {
        "kind": evaluation.kind,
        "study": evaluation.study.slug,
        "release": evaluation.release_digest,
        "endpoint": endpoint.name,
        "model_id": endpoint.model_id or endpoint.path,
        "revision": endpoint.revision,
        "server": _server(endpoint),
        "prompt_sha256": evaluation.prompt_sha256,
        "parser_version": evaluation.parser_version,
        "sampling": {"temperature": 0, "max_tokens": tokens},
        "scored_dimension": endpoint.scored_dimension,
        "letter_probabilities": _letters_told(evaluation),
        "max_tokens_when_cut": 2 * tokens,
        "image_limits": IMAGES,
        "orders": list(ORDERS) if is_judge else [],
        **variant_facts(evaluation),
        "settings": evaluation.settings,
        "app_version": app_version(),
        "code_commit": code_commit(),
        "hardware": this_hardware(),
        "launched": evaluation.created_at.isoformat(timespec="seconds"),
        "started": job.started_at.isoformat(timespec="seconds") if job.started_at else "",
        "finished": timezone.now().isoformat(timespec="seconds"),
        **results_of_evaluation(evaluation),
    }


def results_of_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """What the stored answers say now: how many, a digest over them with their requests, and the figures."""
    is_judge = evaluation.kind == EvaluationKind.JUDGE
    answers, digest = _digest(_stored_verdicts(evaluation) if is_judge else _stored_letters(evaluation))
    figures = _judge_figures(evaluation) if is_judge else _solver_figures(evaluation)
    return {
        "format": FORMATS[EvaluationKind(evaluation.kind)],
        "answers": answers,
        "expected_answers": evaluation.expected_calls,
        "answers_sha256": digest,
        "figures": json.loads(json.dumps(as_json(figures))),
        **open_judge_facts(evaluation),
    }


def _letters_told(evaluation: Evaluation) -> str:
    """In words, how many verdicts have probabilities of their letters; empty where nobody asked for them."""
    if not evaluation.settings.get("letter_probabilities"):
        return ""
    verdicts = Verdict.objects.filter(evaluation=evaluation)
    told = verdicts.filter(probabilities__isnull=False).count()
    if not told:
        return "asked for, and the server gave none: the verdicts are those of the text"
    return f"for {told:,} of {verdicts.count():,} verdicts"


def _server(endpoint: ModelEndpoint) -> dict[str, str]:
    """Where it was asked; of a local model what served it. Which hardware a remote one has is not known."""
    if not endpoint.is_local:
        return {"kind": "hosted elsewhere" if endpoint.is_hosted else "remote", "address": endpoint.base_url}
    return {"kind": "transformers serve", **{name: _version(name) for name in SERVED_WITH}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _stored_verdicts(evaluation: Evaluation) -> Iterable[tuple[Any, ...]]:
    stored = Verdict.objects.filter(evaluation=evaluation)
    return stored.values_list("row_id", "order", "parsed", "reply__request_sha256").iterator(_PART)


def _stored_letters(evaluation: Evaluation) -> Iterable[tuple[Any, ...]]:
    stored = SolverResult.objects.filter(evaluation=evaluation)
    return stored.values_list("row_id", "letter", "answer", "reply__request_sha256").iterator(_PART)


def _digest(rows: Iterable[tuple[Any, ...]]) -> tuple[int, str]:
    """How many rows, and a SHA-256 over those of their lines, sorted: databases sort texts differently."""
    found = sorted(hashlib.sha256(canonical_json(list(row))).digest() for row in rows)
    return len(found), hashlib.sha256(b"".join(found)).hexdigest()


def _judge_figures(evaluation: Evaluation) -> dict[str, Any]:
    """Dimension to the figures of the board: those of one slice that is the whole."""
    panel = read_frame(evaluation.release, [evaluation]).panel
    whole = np.ones(len(panel.cases), dtype=np.bool_)
    (rows,) = slice_rows(panel, {"whole": whole})["whole"].values()
    return {row.dimension: row for row in rows}


def _solver_figures(evaluation: Evaluation) -> dict[str, Any]:
    """Kind of question to its figures, of those that were asked: each has a rule of its own."""
    contents = rows_of(evaluation.release).values_list("row_id", "content")
    kinds = {row_id: answer_kind(row) for row_id, row in contents.iterator(_PART)}
    read = SolverResult.objects.filter(evaluation=evaluation).values_list("row_id", *_Read._fields)
    found: dict[AnswerKind, list[_Read]] = {kind: [] for kind in AnswerKind}
    for row_id, *values in read.iterator(_PART):
        if kind := kinds.get(row_id):
            found[kind].append(_Read(*values))
    return {kind.value: _figures_of(kind, results) for kind, results in found.items() if results}


def _figures_of(kind: AnswerKind, results: Sequence[_Read]) -> dict[str, Any]:
    asked, right = len(results), sum(result.is_correct for result in results)
    if kind is AnswerKind.OPEN:
        return {"asked": asked, "token_recall": fsum(result.recall or 0 for result in results) / asked}
    if kind is AnswerKind.CLOSED:
        told = {"exact_match": right / asked, "exact_match_wilson": wilson(right, asked)}
        return {"asked": asked, "right": right, **told}
    invalid = sum(not result.letter for result in results)
    told = {"accuracy": right / asked, "accuracy_wilson": wilson(right, asked)}
    return {"asked": asked, "right": right, "invalid": invalid, **told}
