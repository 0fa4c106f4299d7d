"""What the Hub's room learns of releases: which can be pushed, whether one may leave, its finished folder."""

from pathlib import Path
from typing import Final

from django.urls import reverse

from consilium.hub import registry
from consilium.hub.registry import Content, Publishable
from consilium.jobs.handle import JobHandle
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from curation.models import Release
from curation.releases.export import check_may_leave, write_export
from curation.states import ReleaseState

NAME: Final = "release"
LAYOUT: Final = "hub"
KINDS: Final = frozenset({".parquet", ".jsonl", ".json", ".md", ".png", ".csv", ".svg"})


def register_publishable() -> None:
    """Make releases known to the Hub's room."""
    registry.register(
        Publishable(
            name=NAME,
            label="Release",
            repo_type="dataset",
            kinds=KINDS,
            find=_find,
            named=_named,
            check_may_leave=_check_may_leave,
            folder=_folder,
        )
    )


def content_of_release(release: Release) -> Content:
    """The release as the Hub's room sees it."""
    return Content(
        kind=NAME,
        pk=release.pk,
        study=release.study,
        name=release.name,
        digest=release.digest,
        page=reverse("curation:release", args=[release.study.slug, release.pk]),
    )


def _find(pk: int) -> Content | None:
    release = Release.objects.select_related("study").filter(pk=pk).exclude(digest="").first()
    return content_of_release(release) if release else None


def _named(digest: str) -> list[Content]:
    found = Release.objects.select_related("study").exclude(state=ReleaseState.FREEZING)
    return [content_of_release(release) for release in found.filter(digest__startswith=digest)[:2]]


def _check_may_leave(content: Content, by: Person) -> None:
    check_lead(by, content.study)
    check_may_leave(Release.objects.select_related("study").get(pk=content.pk))


def _folder(content: Content, scratch: Path, handle: JobHandle) -> Path:
    """The export in the Hub's layout, its gate included; one that an earlier try finished is taken."""
    release = Release.objects.select_related("study").get(pk=content.pk)
    return write_export(release, scratch, layout=LAYOUT, handle=handle)
