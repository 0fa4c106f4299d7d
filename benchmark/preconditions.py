"""Why models cannot be scored on a release as asked."""

from collections.abc import Iterable, Sequence
from typing import Any

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

EXPECTED_KIND = {EvaluationKind.JUDGE: ReleaseKind.PREFERENCES, EvaluationKind.SOLVER: ReleaseKind.QUESTIONS}


class EvaluationRefused(Refused):
    """The evaluation cannot be launched as asked; the text says what is wrong."""


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
            check_may_ask(endpoint, study=study)
        except EndpointRefused as refusal:
            raise EvaluationRefused(str(refusal)) from None
        check_may_be_sent(study, release, endpoint)
        _check_unseen(release, endpoint)


def check_may_be_sent(study: Study, release: Release, endpoint: ModelEndpoint) -> None:
    """Raise SourceRefused unless the release may be sent to the endpoint."""
    if endpoint.is_hosted:
        check_release_sources(release, "may_send_to_hosted", of=endpoint)


def _check_unseen(release: Release, endpoint: ModelEndpoint) -> None:
    """No model is scored on what it was trained on: the release, its questions, patients or images."""
    digests = endpoint.provenance.get("releases", [])
    if release.digest in digests:
        raise EvaluationRefused(f"{endpoint} was trained on this release, so it cannot be scored on it.")
    if not digests:
        return
    trained = Release.objects.filter(digest__in=digests)
    seen: set[str] = set()
    for source in trained:
        rows = rows_of(source).values_list("content", flat=True).iterator()
        # Judges learn from preferences of every use but dev, whatever their rows say; others from train.
        uses = ("train", "test") if source.kind == ReleaseKind.PREFERENCES else ("train",)
        seen.update(_marks((row for row in rows if row.get("split", "train") in uses), _site(source)))
    scored = rows_of(release).values_list("content", flat=True).iterator()
    site = _site(release)
    shared = sum(bool(_marks([row], site) & seen) for row in scored)
    if shared:
        raise EvaluationRefused(
            f"{endpoint} was trained on questions, patients or images of {shared} rows of this release, "
            "so it cannot be scored on it."
        )


def _site(release: Release) -> str:
    """Whose numbers the ids of its rows are: this site's, or those of the study where it was frozen."""
    origin = release.came_from
    return f"{origin.study}: " if origin else ""


def _marks(rows: Iterable[dict[str, Any]], site: str) -> set[str]:
    """What tells that two rows are not independent: question, cluster (patient), image contents."""
    marks: set[str] = set()
    for row in rows:
        marks.update(f"{site}{row[name]}" for name in ("question_id", "cluster") if row.get(name))
        marks.update(row.get("sha256", []))
    return marks


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
