"""Names of refused files: shown while the report is fresh, then only a place and a keyed hash stay.

A name may be a patient's ("SMITH_JOHN_1961.dcm"), and so may what a reason quotes.
"""

import re
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.imports.deidentify import RefusedItem
from curation.imports.plan import file_name_hash
from curation.imports.questions_file import FIELDS
from curation.models import Import
from curation.vocabulary import USES

KEPT_FOR: Final = timedelta(days=7)
# As Python's repr writes a text: reasons quote every value that comes from a file this way.
QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
OURS: Final = frozenset((*FIELDS, *USES))
LEFT_OUT: Final = "…"
UNSAID: Final = "for a reason that named a file"
SHORTEST: Final = 3


class NoNames(Refused):
    """The import keeps no names any more."""


def with_names(refused: Iterable[RefusedItem]) -> list[dict[str, str]]:
    """The report as the importer reads it."""
    return [{"item": each.item, "reason": each.reason} for each in refused]


def without_names(
    study: Study, refused: Iterable[RefusedItem], names: Collection[str]
) -> list[dict[str, str]]:
    """The report that stays: places, keyed hashes and reasons. `names`: those of all files of the import."""
    parts = {part.casefold() for name in names for part in _parts(name) if len(part) >= SHORTEST}
    return [
        {"item": each.place, "name": file_name_hash(study, each.item), "reason": _unnamed(each.reason, parts)}
        for each in refused
    ]


def drop_names(*, batch: Import, by: Person) -> Import:
    """A lead has seen the names: they go. Raises NotAllowed, NoNames."""
    check_lead(by, batch.study)
    with transaction.atomic():
        if not Import.objects.filter(pk=batch.pk).exclude(refused_names=[]).update(refused_names=[]):
            raise NoNames("This import keeps no names of files any more.")
        data = {"items": len(batch.refused)}
        record(action="import.names_dropped", obj=batch, by=by, study=batch.study, data=data)
    return batch


def drop_old_names() -> int:
    """Drop the names of reports that are older than KEPT_FOR; the number of imports (the daily job)."""
    old = Import.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).exclude(refused_names=[])
    return old.update(refused_names=[])


def _unnamed(reason: str, parts: Collection[str]) -> str:
    plain = QUOTED.sub(_own, reason)
    # A reason that quotes a name in another way must not keep it either.
    return UNSAID if any(part in plain.casefold() for part in parts) else plain


def _own(quoted: Any) -> str:
    """Names of our own fields stay, every other quoted text goes."""
    text = quoted.group()
    return text if text[1:-1] in OURS else LEFT_OUT


def _parts(name: str) -> tuple[str, ...]:
    return name, name.rsplit("/", 1)[-1]
