"""Launches evaluations: judges on a preference release, solvers on a held-out question release."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.db import transaction

from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant
from benchmark.preconditions import EvaluationRefused, check_endpoints, check_not_asked, check_scorable
from benchmark.release_rows import expected_calls
from benchmark.variants import STANDARD, PlannedVariant, check_variants
from consilium.answers import judge_prompt, option_letters, solver_prompt, verdicts
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


@transaction.atomic
def evaluate(
    *,
    study: Study,
    kind: str,
    release: Release,
    endpoints: Sequence[ModelEndpoint],
    by: Person,
    variants: Sequence[PlannedVariant] = STANDARD,
) -> list[Evaluation]:
    """One evaluation per endpoint and variant, each with its own job.

    Raises NotAllowed, EndpointRefused, EvaluationRefused.
    """
    check_lead(by, study)
    check_variants(EvaluationKind(kind), variants)
    check_scorable(study, EvaluationKind(kind), release)
    check_endpoints(study, EvaluationKind(kind), release, endpoints)
    calls = expected_calls(release, kind)
    if not calls:
        raise EvaluationRefused(f"{release} holds nothing to score: no question of it has options.")
    batch = uuid4()
    return [
        _launch(study, EvaluationKind(kind), release, endpoint, by, calls, variant, batch)
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


def prompt_hash(kind: str, variant: str) -> str:
    """The SHA-256 of what is asked now, whatever the case."""
    if kind == EvaluationKind.SOLVER:
        return solver_prompt.PROMPT_HASH
    is_blind = variant == EvaluationVariant.IMAGE_BLIND
    return judge_prompt.BLIND_PROMPT_HASH if is_blind else judge_prompt.PROMPT_HASH


def _launch(
    study: Study,
    kind: EvaluationKind,
    release: Release,
    endpoint: ModelEndpoint,
    by: Person,
    calls: int,
    planned: PlannedVariant,
    batch: UUID,
) -> Evaluation:
    check_not_asked(kind, release, endpoint, planned.variant, planned.repeat)
    is_judge = kind == EvaluationKind.JUDGE
    tokens = answer_tokens(study, kind)
    evaluation = Evaluation.objects.create(
        study=study,
        kind=kind,
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=enqueue(kind=JOB_KIND[kind], by=by, study=study, params={}, queue=waiting_queue(endpoint)),
        prompt_sha256=prompt_hash(kind, planned.variant),
        parser_version=verdicts.PARSER_VERSION if is_judge else option_letters.PARSER_VERSION,
        batch=batch,
        variant=planned.variant,
        repeat=planned.repeat,
        settings={"max_tokens": tokens} | ({"cases": planned.cases} if planned.repeat else {}),
        expected_calls=planned.expected_calls(calls),
        created_by=by,
    )
    data = {"kind": kind.value, "release": release.digest, "endpoint": endpoint.pk}
    if planned.variant != EvaluationVariant.STANDARD:
        data |= {"variant": planned.variant.value, "repeat": planned.repeat}
    record(action="evaluation.launched", obj=evaluation, by=by, study=study, data=data)
    return evaluation
