"""Launches evaluations: judges on a preference release, solvers on a held-out question release."""

from collections.abc import Sequence

from django.db import transaction

from benchmark.models import Evaluation, EvaluationKind
from benchmark.preconditions import EvaluationRefused, check_endpoints, check_scorable, check_unseen
from benchmark.release_rows import expected_calls, solver_reader
from consilium.answers import judge_prompt, solver_prompt, verdicts
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
    *, study: Study, kind: str, release: Release, endpoints: Sequence[ModelEndpoint], by: Person
) -> list[Evaluation]:
    """One evaluation per endpoint, each with its own job on the gpu queue.

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
    with transaction.atomic():
        check_endpoints(study, EvaluationKind(kind), release, endpoints)  # nobody may have launched meanwhile
        return [_launch(study, EvaluationKind(kind), release, endpoint, by, calls) for endpoint in endpoints]


def _launch(
    study: Study, kind: EvaluationKind, release: Release, endpoint: ModelEndpoint, by: Person, calls: int
) -> Evaluation:
    is_judge = kind == EvaluationKind.JUDGE
    tokens = study.settings.answer_tokens_max
    evaluation = Evaluation.objects.create(
        study=study,
        kind=kind,
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=enqueue(kind=JOB_KIND[kind], by=by, study=study, params={}),
        prompt_sha256=judge_prompt.PROMPT_HASH if is_judge else solver_prompt.PROMPT_HASH,
        parser_version=verdicts.PARSER_VERSION if is_judge else solver_reader(release),
        settings={"max_tokens": max(tokens, VERDICT_TOKENS) if is_judge else tokens},
        expected_calls=calls,
        created_by=by,
    )
    data = {"kind": kind.value, "release": release.digest, "endpoint": endpoint.pk}
    record(action="evaluation.launched", obj=evaluation, by=by, study=study, data=data)
    return evaluation
