"""The export gate: gathers what no export of a study may hold, and has the finished bytes looked at.

The looking itself is done by a process that sees neither the database nor anything else (curation/gate).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from consilium.inference.models import ModelEndpoint
from consilium.people.models import Person, Study, pseudonym
from consilium.refusals import Refused
from curation.cards.croissant import ADDRESSES
from curation.cards.croissant import FILE as CROISSANT
from curation.clean_texts import known_digests, remember_digests, version
from curation.gate.process import never_stops, objection_to
from curation.gate.protocol import Wanted
from curation.held_texts import harmless_everywhere
from curation.images.pixel_review import void_images
from curation.imports.deidentify import walls_signed_away
from curation.keys import study_key
from curation.models import Image, Release, Source
from curation.releases.readers import credited_names
from curation.states import ImageState

LONG_NAME: Final = 6


class ExportRefused(Refused):
    """The finished files may not leave; the text names the file or row, and the rule.

    `kind` and `digest`: of something that a pattern found, its rule and what finds it again.
    """

    def __init__(self, message: str, kind: str = "", digest: str = "") -> None:
        super().__init__(message)
        self.kind, self.digest = kind, digest


class KnownTexts:
    """What the database remembers of texts that the patterns have read, by digests."""

    def known(self, digests: Sequence[str]) -> Collection[str]:
        """Those of the digests that are remembered."""
        return known_digests(digests)

    def remember(self, digests: Sequence[str]) -> None:
        """Remember these too."""
        remember_digests(digests)


def check_export(
    folder: Path,
    *,
    study: Study,
    images: Mapping[str, str],
    let_through: Collection[str] = (),
    check: Callable[[], None] = never_stops,
) -> None:
    """Raise ExportRefused unless every file in `folder` may leave; WallsMissing where nobody can look.

    `images`: path and SHA-256 of every file of the release. `let_through`: digests of what two leads let pass
    in it. `check` is called now and then and may raise.
    """
    wanted = wanted_in(study, images, let_through)
    objection = objection_to(folder, wanted, KnownTexts(), without=walls_signed_away(), check=check)
    if objection:
        raise ExportRefused(objection.message, objection.kind, objection.digest)


def wanted_in(study: Study, images: Mapping[str, str], let_through: Collection[str] = ()) -> Wanted:
    """Everything known today: all accounts of the site, all image headers of the study."""
    found: set[str] = set()
    stored = Image.objects.filter(study=study).values_list("fingerprints", flat=True)
    for prints in stored.iterator():
        found.update(prints)
    return Wanted(
        names=_account_names(),
        key=study_key(study, "imaging"),
        fingerprints=found,
        declared=_declared(study),
        harmless_key=study_key(study, "text"),
        harmless=harmless_everywhere(study).union(let_through),
        version=version(),
        images=dict(images),
        usable=_usable_images(study),
        in_print={CROISSANT},
    )


def _usable_images(study: Study) -> frozenset[str]:
    released = Image.objects.filter(study=study, state=ImageState.RELEASED).values_list("pk", "model_blobs")
    void = void_images(study)
    return frozenset(sha for image, blobs in released.iterator() if image not in void for sha in blobs)


def _declared(study: Study) -> set[str]:
    """Names of models, here and on their servers, and what people chose to be printed: citations hold names
    of authors, and readers ask to be named; on cards each stands on one line. And the addresses in the
    vocabulary of the cards.
    """
    sources = Source.objects.filter(study=study).values_list("licence", "citation", "ethics_reference")
    models = chain.from_iterable(ModelEndpoint.objects.values_list("name", "model_id"))
    printed = set(chain(filter(None, models), credited_names(study), *sources))
    return printed | {" ".join(text.split()) for text in printed} | ADDRESSES | _made_here(study)


def _made_here(study: Study) -> set[str]:
    """Pseudonyms and digests of the study: one in twenty has the form of a record number."""
    people = study.memberships.values_list("person", flat=True)
    digests = Release.objects.filter(study=study).values_list("digest", flat=True)
    return {pseudonym(study.pk, person) for person in people} | {*digests, study.protocol_hash}


def _account_names() -> set[str]:
    """Full names, e-mail addresses and telling user names of all accounts.

    A short one (`max`) is a word of any text.
    """
    names: set[str] = set()
    for username, shown, mail in Person.objects.values_list("username", "display_name", "email"):
        names |= {username} if len(username) >= LONG_NAME else set()
        names |= {mail} if mail else set()
        names |= {shown} if " " in shown.strip() else set()
    return names
