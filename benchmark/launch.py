"""Launches evaluations: judges on a preference release, solvers on a held-out question release."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from benchmark.models import Evaluation, EvaluationKind
from benchmark.preconditions import EvaluationRefused, check_endpoints, check_scorable, check_unseen
from benchmark.release_rows import expected_calls, solver_reader
from consilium.answers import judge_prompt, scores, solver_prompt, verdicts
from consilium.audit.record import record
from consilium.inference.models import ModelEndpoint
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release

# Room for a verdict's JSON; a judge that thinks first gets as much as a study gives its answers.
VERDICT_TOKENS = 256
JOB_KIND = {EvaluationKind.JUDGE: "benchmark.judge", EvaluationKind.SOLVER: "benchmark.solve"}


def evaluate(
    *,
    study: Study,
    kind: str,
    release: Release,
    endpoints: Sequence[ModelEndpoint],
    by: Person,
    letter_probabilities: bool = False,
) -> list[Evaluation]:
    """One evaluation per endpoint, each with its own job on the gpu queue.

    `letter_probabilities`: servers of judges are asked how probable each letter of a verdict was.
    Raises NotAllowed, EndpointRefused, EvaluationRefused.
    """
    check_lead(by, study)
    check_scorable(study, EvaluationKind(kind), release)
    check_endpoints(study, EvaluationKind(kind), release, endpoints)
    # Whole releases are read here, while others may write: neither they nor what a model learned from change.
    check_unseen(release, endpoints)
    calls = expected_calls(release, kind)
    if not calls:
        raise EvaluationRefused(
            f"{release} holds nothing to score: no question of it has options or an answer."
        )
    more = {"letter_probabilities": True} if letter_probabilities and kind == EvaluationKind.JUDGE else {}
    with transaction.atomic():
        check_endpoints(study, EvaluationKind(kind), release, endpoints)  # nobody may have launched meanwhile
        return [
            _launch(study, EvaluationKind(kind), release, endpoint, by, calls, more) for endpoint in endpoints
        ]


def _launch(
    study: Study,
    kind: EvaluationKind,
    release: Release,
    endpoint: ModelEndpoint,
    by: Person,
    calls: int,
    more: dict[str, Any],
) -> Evaluation:
    tokens = study.settings.answer_tokens_max
    prompt_sha256, parser_version = current_method(kind, endpoint, release)
    evaluation = Evaluation.objects.create(
        study=study,
        kind=kind,
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=enqueue(kind=JOB_KIND[kind], by=by, study=study, params={}),
        prompt_sha256=prompt_sha256,
        parser_version=parser_version,
        settings={
            "max_tokens": max(tokens, VERDICT_TOKENS) if kind == EvaluationKind.JUDGE else tokens,
            **more,
        },
        expected_calls=calls,
        created_by=by,
    )
    data = {"kind": kind.value, "release": release.digest, "endpoint": endpoint.pk}
    record(action="evaluation.launched", obj=evaluation, by=by, study=study, data=data)
    return evaluation


def current_method(kind: EvaluationKind, endpoint: ModelEndpoint, release: Release) -> tuple[str, str]:
    """The prompt's hash and the parser's version with which a model is scored now."""
    if kind == EvaluationKind.SOLVER:
        return solver_prompt.PROMPT_HASH, solver_reader(release)
    if endpoint.gives_scores:
        return scores.PROMPT_HASH, scores.PARSER_VERSION
    return judge_prompt.PROMPT_HASH, verdicts.PARSER_VERSION
