"""Why models cannot be scored on a release as asked."""

from collections.abc import Sequence
from typing import Final

from benchmark.contamination import shared_rows
from benchmark.models import Evaluation, EvaluationKind
from consilium.inference.models import ModelEndpoint
from consilium.inference.permissions import check_may_ask
from consilium.inference.refusals import EndpointRefused
from consilium.jobs.states import JobState
from consilium.people.models import Study
from consilium.refusals import Refused
from curation.models import Release, ReleaseKind
from curation.permissions import check_release_sources
from curation.releases.freeze import rows_of
from curation.releases.sign import check_signed
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState

# So many rows are named in a refusal; a page lists all.
NAMED: Final = 3
EXPECTED_KIND = {EvaluationKind.JUDGE: ReleaseKind.PREFERENCES, EvaluationKind.SOLVER: ReleaseKind.QUESTIONS}


class EvaluationRefused(Refused):
    """The evaluation cannot be launched as asked; the text says what is wrong."""


class TrainedOnRows(EvaluationRefused):
    """A model was trained on data of the release; `endpoint` is the model."""

    def __init__(self, text: str, endpoint: ModelEndpoint) -> None:
        self.endpoint = endpoint
        super().__init__(text)


def check_scorable(study: Study, kind: EvaluationKind, release: Release) -> None:
    """Raise EvaluationRefused or ReleaseUnsigned unless this kind of model is scored on this release."""
    if release.study_id != study.pk or release.kind != EXPECTED_KIND[kind]:
        wanted = ReleaseKind(EXPECTED_KIND[kind]).label.lower()
        raise EvaluationRefused(f"A {kind.label.lower()} is scored on a {wanted} of this study.")
    if release.state != ReleaseState.FROZEN:
        raise EvaluationRefused(f"{release} is {release.state}; only frozen releases are scored.")
    if rows_of(release).filter(content__split="dev").exists():
        raise EvaluationRefused(
            f"{release} holds dev questions, on which merges are chosen; score on test questions."
        )
    check_images_stand(release)
    check_signed(release)


def check_endpoints(
    study: Study, kind: EvaluationKind, release: Release, endpoints: Sequence[ModelEndpoint]
) -> None:
    """Raise EvaluationRefused, naming the model, unless each may be asked this release's questions now."""
    if not endpoints:
        raise EvaluationRefused("Choose at least one model.")
    if len({endpoint.pk for endpoint in endpoints}) != len(endpoints):
        raise EvaluationRefused("Name each model once.")
    for endpoint in endpoints:
        try:
            check_may_ask(endpoint, study=study, for_scores=kind == EvaluationKind.JUDGE)
        except EndpointRefused as refusal:
            raise EvaluationRefused(str(refusal)) from None
        check_may_be_sent(study, release, endpoint)


def check_may_be_sent(study: Study, release: Release, endpoint: ModelEndpoint) -> None:
    """Raise SourceRefused unless the release may be sent to the endpoint."""
    if endpoint.is_hosted:
        check_release_sources(release, "may_send_to_hosted", of=endpoint)


def check_unseen(release: Release, endpoints: Sequence[ModelEndpoint]) -> None:
    """Raise TrainedOnRows unless no model was trained on what it is scored on: the release, its questions,
    patients or images. Reads every release that one of them was trained on.
    """
    for endpoint in endpoints:
        if release.digest in endpoint.provenance.get("releases", []):
            said = f"{endpoint} was trained on this release, so it cannot be scored on it."
            raise TrainedOnRows(said, endpoint)
    shared = shared_rows(release, endpoints)
    for endpoint in endpoints:
        if rows := shared.get(endpoint.pk):
            first = ", ".join(row.row_id for row in rows[:NAMED])
            more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
            raise TrainedOnRows(
                f"{endpoint} was trained on questions, patients or images of {len(rows)} rows of this "
                f"release, so it cannot be scored on it: {first}{more}.",
                endpoint,
            )


def check_not_asked(
    kind: EvaluationKind, release: Release, endpoint: ModelEndpoint, variant: str, repeat: int
) -> None:
    """Raise EvaluationRefused while the model is asked the very same."""
    unfinished = Evaluation.objects.filter(
        kind=kind,
        release=release,
        endpoint=endpoint,
        variant=variant,
        repeat=repeat,
        job__state__in=(JobState.QUEUED, JobState.RUNNING),
    )
    if unfinished.exists():
        raise EvaluationRefused(f"{endpoint} is being scored on {release} already.")
