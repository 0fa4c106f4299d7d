"""What the datasheet of a release says, kept in a row: it is counted once, for a release never changes."""

from typing import Any

from consilium.jobs.handle import JobHandle
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind, bring_up_to_date, kept_figures, refresh
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.statistics.json_form import as_json, from_json
from curation.cards.facts import ReleaseFacts
from curation.cards.write import release_facts
from curation.layouts.reader import ReleaseReader
from curation.models import FactsSummary, Release
from curation.releases.readers import credits_in_export
from curation.releases.sign import signatures_in_export


def kept_facts(release: Release) -> tuple[ReleaseFacts | None, Kept]:
    """The facts and how old they are; none while they are counted the first time."""
    kept = kept_figures(FACTS, _key(release), release.study)
    return (from_json(ReleaseFacts, kept.summary.content) if kept.summary else None), kept


def refresh_facts(release: Release, by: Person) -> None:
    """Count them anew. Raises NotAllowed."""
    check_lead(by, release.study)
    refresh(FACTS, _key(release), release.study, by)


def summarise_facts(handle: JobHandle) -> dict[str, Any]:
    """The job behind the datasheet of a large release."""
    return bring_up_to_date(FACTS, handle)


def _key(release: Release) -> Key:
    return {"release_id": release.pk}


def _inputs(key: Key) -> Inputs:
    """The rows are frozen; signatures and who wants to be named are not."""
    release = Release.objects.select_related("study").get(pk=key["release_id"])
    behind = release.side_rows.count()
    told = [release.digest, signatures_in_export(release), credits_in_export(release)]
    return Inputs(release.row_count + behind, told)


def _content(key: Key) -> dict[str, Any]:
    release = Release.objects.select_related("study", "derived_from").get(pk=key["release_id"])
    content: dict[str, Any] = as_json(release_facts(ReleaseReader(release)))
    return content


FACTS = SummaryKind("curation.facts", FactsSummary, _inputs, _content)
