"""Why a GBA run may not ask what its settings make it ask: a judge, a server for rollouts, dev questions."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet

from consilium.inference.addresses import check_address, is_this_machine
from consilium.inference.models import ModelEndpoint
from consilium.inference.permissions import check_may_ask
from consilium.inference.refusals import EndpointRefused
from consilium.people.models import Study
from curation.models import Release, ReleaseKind
from curation.permissions import check_release_sources
from curation.releases.freeze import rows_of
from curation.releases.sign import check_signed
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState
from training.job.spec import GbaSettings
from training.preconditions import LaunchRefused
from training.stage_settings import chosen_settings

DEV: Final = "dev"


def check_asked(study: Study, release: Release | None, stage: str, settings: Mapping[str, Any]) -> None:
    """Raise LaunchRefused, SourceRefused or ReleaseUnsigned unless all of it may be asked now."""
    chosen = chosen_settings(stage, settings)
    if release is None or not isinstance(chosen, GbaSettings):
        return
    if endpoint := judge_of(study, stage, settings):
        _check_judge(study, release, endpoint)
    if chosen.rollout_engine == "vllm_server":
        _check_rollout_server(release, f"http://{chosen.vllm_host}:{chosen.vllm_port}")
    if chosen.evaluate_every:
        questions = questions_of(study, stage, settings) or release
        if not rows_of(questions).filter(content__split=DEV).exists():
            raise LaunchRefused(
                f"{questions} holds no dev question. Choose a release of them in evaluate_on, or set"
                " evaluate_every to 0."
            )


def judge_of(study: Study, stage: str, settings: Mapping[str, Any]) -> ModelEndpoint | None:
    """The model that scores answers under these settings; None where none is asked. Raises LaunchRefused."""
    chosen = chosen_settings(stage, settings)
    if not isinstance(chosen, GbaSettings) or not chosen.asks_judge:
        return None
    endpoint = ModelEndpoint.objects.for_study(study).in_use().filter(name=chosen.judge).first()
    if endpoint is None:
        raise LaunchRefused(f"There is no model {chosen.judge!r} that this study may ask as a judge.")
    return endpoint


def questions_of(study: Study, stage: str, settings: Mapping[str, Any]) -> Release | None:
    """The release whose dev questions are answered now and then; None: those of the trace release, if any.

    Raises LaunchRefused, ReleaseUnsigned.
    """
    chosen = chosen_settings(stage, settings)
    if not isinstance(chosen, GbaSettings) or not (chosen.evaluate_every and chosen.evaluate_on):
        return None
    found = dev_questions(study).filter(digest=chosen.evaluate_on).first()
    if found is None:
        raise LaunchRefused("evaluate_on names no frozen release of dev questions of this study.")
    check_images_stand(found)
    check_signed(found)
    return found


def dev_questions(study: Study) -> "QuerySet[Release]":
    """Frozen releases of questions of which some are for dev."""
    frozen = Release.objects.filter(study=study, kind=ReleaseKind.QUESTIONS, state=ReleaseState.FROZEN)
    return frozen.filter(rows__content__split=DEV).distinct()


def _check_judge(study: Study, release: Release, endpoint: ModelEndpoint) -> None:
    """It may see the release, and its scores may train."""
    try:
        check_may_ask(endpoint, study=study)
    except EndpointRefused as refusal:
        raise LaunchRefused(str(refusal)) from None
    if not endpoint.outputs_may_train:
        raise LaunchRefused(
            f"{endpoint} does not permit training on its outputs (rule outputs_may_train), so it is no judge"
            " of a training."
        )
    if endpoint.is_hosted:
        check_release_sources(release, "may_send_to_hosted", of=endpoint)


def _check_rollout_server(release: Release, address: str) -> None:
    """The site allows its address, and the release may be sent there."""
    try:
        check_address(address, like="host and port in vllm_host and vllm_port")
    except EndpointRefused as refusal:
        raise LaunchRefused(str(refusal)) from None
    if not is_this_machine(address):
        check_release_sources(release, "may_send_to_hosted", of=f"the vLLM server {address}")
