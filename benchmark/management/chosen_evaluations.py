"""The evaluations of a release that a command is about."""

from collections.abc import Sequence

from django.core.management.base import CommandParser

from benchmark.models import Evaluation
from consilium.refusals import Refused
from curation.models import Release


def add_release_and_endpoints(parser: CommandParser) -> None:
    """DIGEST, and --endpoint that may be repeated."""
    parser.add_argument("digest", help="Of the release, 8 digits or more.")
    parser.add_argument("--endpoint", action="append", help="Of this model alone; may be repeated.")


def evaluations_of(release: Release, endpoints: Sequence[str] | None) -> list[Evaluation]:
    """All of them, or those of the models named. Raises Refused where there is none."""
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    found, names = related.filter(release=release).order_by("pk"), set(endpoints or [])
    if unknown := names - set(found.values_list("endpoint__name", flat=True)):
        raise Refused(f"{release} has no evaluation of {', '.join(sorted(unknown))}.")
    wanted = [one for one in found if not names or one.endpoint.name in names]
    if not wanted:
        raise Refused(f"Nothing has been scored on {release} yet.")
    return wanted
