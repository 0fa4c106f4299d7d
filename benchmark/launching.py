"""Launches evaluations: judges on a preference release, solvers on a held-out question release."""

from collections.abc import Sequence

from django.db import transaction

from benchmark.models import Evaluation, EvaluationKind
from consilium.answers import judge_prompt, solver_prompt, verdicts
from consilium.audit.recording import record
from consilium.calls.models import ModelEndpoint
from consilium.calls.permissions import check_may_ask
from consilium.jobs.queueing import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release, ReleaseKind, Source
from curation.releasing import rows_of
from curation.states import ReleaseState

SOLVER_PARSER = "options-1"
EXPECTED_KIND = {EvaluationKind.JUDGE: ReleaseKind.PREFERENCES, EvaluationKind.SOLVER: ReleaseKind.QUESTIONS}
JOB_KIND = {EvaluationKind.JUDGE: "benchmark.judge", EvaluationKind.SOLVER: "benchmark.solve"}


class EvaluationRefused(Exception):
    """The evaluation cannot be launched as asked; the text says what is wrong."""


@transaction.atomic
def evaluate(
    *, study: Study, kind: str, release: Release, endpoints: Sequence[ModelEndpoint], by: Person
) -> list[Evaluation]:
    """One evaluation per endpoint, each with its own job on the gpu queue.

    Raises NotAllowed, EndpointRefused, EvaluationRefused.
    """
    check_lead(by, study)
    _check(study, EvaluationKind(kind), release, endpoints)
    return [_launch(study, EvaluationKind(kind), release, endpoint, by) for endpoint in endpoints]


def _launch(
    study: Study, kind: EvaluationKind, release: Release, endpoint: ModelEndpoint, by: Person
) -> Evaluation:
    is_judge = kind == EvaluationKind.JUDGE
    evaluation = Evaluation.objects.create(
        study=study,
        kind=kind,
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=enqueue(kind=JOB_KIND[kind], by=by, study=study, params={}),
        prompt_sha256=judge_prompt.PROMPT_HASH if is_judge else solver_prompt.PROMPT_HASH,
        parser_version=verdicts.PARSER_VERSION if is_judge else SOLVER_PARSER,
        expected_calls=release.row_count * (2 if is_judge else 1),
        created_by=by,
    )
    data = {"kind": kind.value, "release": release.digest, "endpoint": endpoint.pk}
    record(action="evaluation.launched", obj=evaluation, by=by, study=study, data=data)
    return evaluation


def _check(study: Study, kind: EvaluationKind, release: Release, endpoints: Sequence[ModelEndpoint]) -> None:
    if release.study_id != study.pk or release.kind != EXPECTED_KIND[kind]:
        wanted = ReleaseKind(EXPECTED_KIND[kind]).label.lower()
        raise EvaluationRefused(f"A {kind.label.lower()} is scored on a {wanted} of this study.")
    if release.state != ReleaseState.FROZEN:
        raise EvaluationRefused(f"{release} is {release.state}; only frozen releases are scored.")
    if not endpoints:
        raise EvaluationRefused("Choose at least one model.")
    for endpoint in endpoints:
        check_may_ask(endpoint, study=study)
        _check_sources(study, release, endpoint)
        if release.digest in endpoint.provenance.get("releases", []):
            raise EvaluationRefused(f"{endpoint} was trained on this release, so it cannot be scored on it.")


def _check_sources(study: Study, release: Release, endpoint: ModelEndpoint) -> None:
    """METHOD.md 6b: a hosted model sees only what its source permits."""
    if not endpoint.is_hosted:
        return
    open_sources = Source.objects.filter(study=study, may_send_to_hosted=True).values_list("name", flat=True)
    used = set(rows_of(release).order_by().values_list("content__source", flat=True))
    if closed := sorted(str(name) for name in used - set(open_sources)):
        rule = "its permissions do not include hosted models (rule may_send_to_hosted)"
        raise EvaluationRefused(f"{endpoint} is hosted. Source {closed[0]!r}: {rule}.")
