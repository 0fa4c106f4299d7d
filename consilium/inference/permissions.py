"""Whether an endpoint may be asked at all, and for which study.

METHOD.md 6b; whether a source may be sent to hosted models is asked of curation's Source by the caller.
"""

from consilium.inference.addresses import check_address
from consilium.inference.models import ModelEndpoint
from consilium.inference.refusals import EndpointRefused
from consilium.people.models import Study


def check_askable(endpoint: ModelEndpoint) -> None:
    """Raise EndpointRefused when the endpoint was put aside or its host left the allow-list."""
    if not endpoint.is_active:
        raise EndpointRefused(f"The model {endpoint.name} is no longer in use.")
    if not endpoint.is_local:
        check_address(endpoint.base_url)


def check_may_ask(endpoint: ModelEndpoint, *, study: Study, for_scores: bool = False) -> None:
    """Raise EndpointRefused unless this study may ask the endpoint now, for words or also for scores.

    Another study's model is refused as one that does not exist.
    """
    if endpoint.study_id not in (None, study.pk) and not endpoint.shares.filter(study=study).exists():
        raise EndpointRefused("This study has no such model.")
    check_askable(endpoint)
    if endpoint.gives_scores and not for_scores:
        raise EndpointRefused(
            f"The model {endpoint.name} gives scores, not words: it can be scored as a judge of pairs and do"
            " nothing else. Choose a model that writes."
        )
