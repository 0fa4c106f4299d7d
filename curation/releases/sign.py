"""A lead signs a frozen release, at once or later; a study may let only signed ones be used."""

from typing import Any

from django.db import transaction

from consilium.people.models import Person, pseudonym
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.signatures.models import Meaning, Signature, Sitting
from consilium.signatures.sign import SignatureLine, sign, signature_lines
from curation.models import Release
from curation.states import ReleaseState


class ReleaseUnsigned(Refused):
    """The study wants its releases signed, and no signature under this one stands; the text is for people."""


class NotSignable(Refused):
    """A release that is not frozen, or withdrawn, cannot be released; the text is for people."""


def sign_release(*, release: Release, by: Person, sitting: Sitting) -> Signature:
    """Sign the frozen release as it is now. Signed by the same person before, it stays at that signature.

    Raises NotAllowed, NotSignable, NotSigned.
    """
    check_lead(by, release.study)
    with transaction.atomic():
        locked = Release.objects.select_for_update(of=("self",)).select_related("study").get(pk=release.pk)
        if locked.state != ReleaseState.FROZEN:
            raise NotSignable("Only a frozen release that is not withdrawn can be signed.")
        mine = (line.signature for line in standing_lines(locked) if line.signature.signer_id == by.pk)
        if (earlier := next(mine, None)) is not None:
            return earlier
        return sign(
            sitting=sitting,
            obj=locked,
            study=locked.study,
            meaning=Meaning.RELEASED,
            content=release_content(locked, Meaning.RELEASED),
            by=by,
        )


def release_content(release: Release, meaning: Meaning) -> dict[str, Any]:
    """What is signed of a release: what names its content; with a withdrawal the reason too."""
    content = {
        "release": release.pk,
        "kind": release.kind,
        "digest": release.digest,
        "manifest": release.manifest_id,
        "rows": release.row_count,
    }
    return content | ({"reason": release.withdrawn_reason} if meaning == Meaning.WITHDRAWN else {})


def release_lines(release: Release) -> list[SignatureLine]:
    """Everything that was signed of the release, oldest first."""
    found = signature_lines(
        Release, [release.pk], lambda made: release_content(release, Meaning(made.meaning))
    )
    return found.get(release.pk, [])


def standing_lines(release: Release) -> list[SignatureLine]:
    """The signatures that release it and stand."""
    return [
        line
        for line in release_lines(release)
        if line.signature.meaning == Meaning.RELEASED and not line.is_void
    ]


def check_signed(release: Release) -> None:
    """Raise ReleaseUnsigned where the study wants signed releases and no signature under this one stands."""
    if release.study.settings.releases_signed and not standing_lines(release):
        raise ReleaseUnsigned(f"{release} is not signed; a lead signs it on its page before it is used.")


def signatures_in_export(release: Release) -> list[dict[str, str]]:
    """The standing signatures as an export tells them: pseudonym, role, sentence, day."""
    return [
        {
            "id": pseudonym(release.study_id, line.signature.signer_id),
            "role": line.role.lower(),
            "meaning": line.meaning,
            "created": line.at.date().isoformat(),
        }
        for line in standing_lines(release)
    ]
