"""Launches evaluations: judges on a preference release, solvers on a held-out question release."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant
from benchmark.open_judge import check_open_judge, open_judge_method
from benchmark.preconditions import (
    EvaluationRefused,
    check_endpoints,
    check_not_asked,
    check_scorable,
    check_unseen,
)
from benchmark.release_rows import expected_calls, solver_reader
from benchmark.variants import STANDARD, PlannedVariant, check_variants
from consilium.answers import judge_prompt, scores, solver_prompt, verdicts
from consilium.audit.record import record
from consilium.gpu_sets import ANY_GPU
from consilium.inference.models import ModelEndpoint
from consilium.jobs.queue import enqueue
from consilium.jobs.queue_names import REMOTE
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
    variants: Sequence[PlannedVariant] = STANDARD,
    open_judge: ModelEndpoint | None = None,
) -> list[Evaluation]:
    """One evaluation per endpoint and variant, each with its own job.

    `letter_probabilities`: servers of judges are asked how probable each letter of a verdict was.
    `open_judge` decides open answers of solvers against the reference, beside token recall.
    Raises NotAllowed, EndpointRefused, EvaluationRefused.
    """
    check_lead(by, study)
    check_variants(EvaluationKind(kind), endpoints, variants)
    check_scorable(study, EvaluationKind(kind), release)
    check_endpoints(study, EvaluationKind(kind), release, endpoints)
    if open_judge is not None:
        check_open_judge(study, EvaluationKind(kind), release, endpoints, open_judge)
    # Whole releases are read here, while others may write: neither they nor what a model learned from change.
    check_unseen(release, endpoints)
    calls = expected_calls(release, kind)
    if not calls:
        raise EvaluationRefused(
            f"{release} holds nothing to score: no question of it has options or an answer."
        )
    asks_letters = letter_probabilities and kind == EvaluationKind.JUDGE
    more: dict[str, Any] = {"letter_probabilities": True} if asks_letters else {}
    more |= {"open_judge": open_judge_method()} if open_judge else {}
    batch = uuid4()
    with transaction.atomic():
        return [
            _launch(
                study, EvaluationKind(kind), release, endpoint, by, calls, variant, batch, more, open_judge
            )
            for endpoint in endpoints  # a served model stays loaded for all that it is asked
            for variant in variants
        ]


def answer_tokens(study: Study, kind: str) -> int:
    """The length limit of a reply."""
    tokens = study.settings.answer_tokens_max
    return max(tokens, VERDICT_TOKENS) if kind == EvaluationKind.JUDGE else tokens


def waiting_queue(endpoint: ModelEndpoint) -> str:
    """Where its evaluations wait: served ones for a GPU, one after the other; remote ones go side by side."""
    return ANY_GPU if endpoint.is_local else REMOTE


def _launch(
    study: Study,
    kind: EvaluationKind,
    release: Release,
    endpoint: ModelEndpoint,
    by: Person,
    calls: int,
    planned: PlannedVariant,
    batch: UUID,
    more: dict[str, Any],
    open_judge: ModelEndpoint | None,
) -> Evaluation:
    check_not_asked(kind, release, endpoint, planned.variant, planned.repeat)
    prompt_sha256, parser_version = current_method(kind, endpoint, release, planned.variant)
    cases = {"cases": planned.cases} if planned.repeat else {}
    evaluation = Evaluation.objects.create(
        study=study,
        kind=kind,
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=enqueue(kind=JOB_KIND[kind], by=by, study=study, params={}, queue=waiting_queue(endpoint)),
        prompt_sha256=prompt_sha256,
        parser_version=parser_version,
        batch=batch,
        open_judge=open_judge,
        variant=planned.variant,
        repeat=planned.repeat,
        settings={"max_tokens": answer_tokens(study, kind), **cases, **more},
        expected_calls=planned.expected_calls(calls),
        created_by=by,
    )
    data = {"kind": kind.value, "release": release.digest, "endpoint": endpoint.pk}
    if planned.variant != EvaluationVariant.STANDARD:
        data |= {"variant": planned.variant.value, "repeat": planned.repeat}
    data |= {"open_judge": open_judge.pk} if open_judge else {}
    record(action="evaluation.launched", obj=evaluation, by=by, study=study, data=data)
    return evaluation


def current_method(
    kind: EvaluationKind,
    endpoint: ModelEndpoint,
    release: Release,
    variant: str = EvaluationVariant.STANDARD,
) -> tuple[str, str]:
    """The prompt's hash and the parser's version with which a model is scored now."""
    if kind == EvaluationKind.SOLVER:
        return solver_prompt.PROMPT_HASH, solver_reader(release)
    if endpoint.gives_scores:
        return scores.PROMPT_HASH, scores.PARSER_VERSION
    is_blind = variant == EvaluationVariant.IMAGE_BLIND
    return judge_prompt.BLIND_PROMPT_HASH if is_blind else judge_prompt.PROMPT_HASH, verdicts.PARSER_VERSION
