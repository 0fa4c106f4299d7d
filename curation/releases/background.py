"""What stands behind any release, copied into it: guideline versions, sources, the protocol."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from consilium.audit.models import AuditEvent
from consilium.people.models import Study
from curation.models import Image, Source
from curation.releases.contents import NewRow

GUIDELINES: Final = "guidelines"
SOURCES: Final = "sources"


def week_of(at: datetime) -> str:
    """The ISO week: what leaves tells no day on which a person worked."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02d}"


def background_rows(study: Study, sources: Collection[str]) -> Iterator[NewRow]:
    """Every guideline version of the study, and the named sources with licence, citation and permissions."""
    for version in study.guidelines.order_by("number"):
        said = {"number": version.number, "text": version.text, "week": week_of(version.created_at)}
        row_id = f"guideline-{version.number}"
        yield NewRow(row_id, {"id": row_id, **said}, table=GUIDELINES)
    for source in Source.objects.filter(study=study, name__in=sources).order_by("pk"):
        row_id = f"source-{source.pk}"
        yield NewRow(row_id, {"id": row_id, **_source(source)}, table=SOURCES)


def image_sources(study: Study, files: Collection[str]) -> set[str]:
    """The names of the sources of the study's images that have one of these contents: a question may show an
    image of another source than its own."""
    wanted = frozenset(files)
    images = Image.objects.filter(study=study).values_list("source__name", "model_blobs")
    return (
        {name for name, of_image in images.iterator() if not wanted.isdisjoint(of_image)} if wanted else set()
    )


def protocol_of(study: Study) -> dict[str, Any]:
    """The settings under which people voted, since when, and each later change with its reason."""
    amended = AuditEvent.objects.filter(study=study, action="study.amended").order_by("sequence")
    return {
        "sha256": study.protocol_hash or None,
        "locked": week_of(study.protocol_locked_at) if study.protocol_locked_at else None,
        "settings": study.settings.to_json(),
        "amendments": [
            {"week": week_of(event.at), "changes": event.data["changes"], "reason": event.reason}
            for event in amended
        ],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "licence": source.licence,
        "citation": source.citation,
        "ethics_reference": source.ethics_reference,
        "may_send_to_hosted": source.may_send_to_hosted,
        "may_train": source.may_train,
        "may_redistribute": source.may_redistribute,
        "commercial_use": source.commercial_use,
        "is_synthetic": source.is_synthetic,
    }
