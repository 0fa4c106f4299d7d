"""An operator changes what the registry says of a model, adds one, or goes back to the program's words."""

import re
from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.inference.model_entries import FACTS, GROUPS, KEY, ModelEntry, find_entry, shipped_entries
from consilium.inference.models import EntryChange
from consilium.people.models import Person
from consilium.people.permissions import OPERATOR, check_role
from consilium.refusals import Refused

LONGEST: Final = 2000
_PRICE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?")


class EntryRefused(Refused):
    """What an operator wanted of the registry cannot be; the text is for people."""


def change_entry(*, key: str, facts: Mapping[str, str], by: Person | None) -> ModelEntry:
    """Say something else of a model; facts that are not given stay.

    Those that agree with the program's own file follow it from then on. `by` None is the command line.
    Raises NotAllowed, EntryRefused.
    """
    _check(by, facts)
    before = find_entry(key)
    if before is None:
        raise EntryRefused(f"The registry knows no model {key!r}; add it first.")
    return _keep(key, facts, by)


def add_entry(*, key: str, facts: Mapping[str, str], by: Person | None) -> ModelEntry:
    """Add a model that the program's own file does not know. Raises NotAllowed, EntryRefused."""
    _check(by, facts)
    if not KEY.fullmatch(key):
        raise EntryRefused(
            "A key is 1 to 60 small letters, digits and . _ - and starts with a letter or digit."
        )
    if find_entry(key) is not None:
        raise EntryRefused(f"The registry has a model {key!r} already; change that one.")
    if not facts.get("name", "").strip() or not facts.get("family", "").strip():
        raise EntryRefused("Give the model a name and a family.")
    return _keep(key, facts, by)


def restore_entry(*, key: str, by: Person | None) -> ModelEntry:
    """Go back to what the program's own file says of a model. Raises NotAllowed, EntryRefused."""
    _check(by, {})
    stated = shipped_entries().get(key)
    if stated is None:
        raise EntryRefused("This model was added here; there is nothing to go back to.")
    return _keep(key, {name: stated[name] for name in FACTS}, by)


def _check(by: Person | None, facts: Mapping[str, str]) -> None:
    if by is not None:
        check_role(by, None, OPERATOR)
    if unknown := next((name for name in facts if name not in FACTS), ""):
        raise EntryRefused(f"The registry has no field {unknown[:40]!r}; its fields are {', '.join(FACTS)}.")
    if long := next((name for name, said in facts.items() if len(said) > LONGEST), ""):
        raise EntryRefused(f"The field {long!r} is longer than {LONGEST:,} characters.")
    for name in ("prompt_price", "completion_price"):
        if (said := facts.get(name, "").strip()) and not _PRICE.fullmatch(said):
            raise EntryRefused("A price is US dollars for a million tokens, such as 2.50; empty is unknown.")
    if (group := facts.get("group", "open")) not in GROUPS:
        raise EntryRefused(f"The group is one of {', '.join(GROUPS)}, not {group[:40]!r}.")


@transaction.atomic
def _keep(key: str, facts: Mapping[str, str], by: Person | None) -> ModelEntry:
    """Store what differs from the file, and only that: the rest follows the next version of the program."""
    row, _ = EntryChange.objects.select_for_update().get_or_create(key=key)
    stated = shipped_entries().get(key, {})
    given = {name: said.replace("\r", "").strip() for name, said in facts.items()}
    kept = {name: said for name, said in (row.facts | given).items() if said != stated.get(name, "")}
    if not {"name": "", **stated, **kept}["name"]:
        raise EntryRefused("A model needs a name.")
    changed = sorted(name for name in {*row.facts, *kept} if row.facts.get(name) != kept.get(name))
    if changed:
        EntryChange.objects.filter(pk=row.pk).update(facts=kept, changed_by=by, changed_at=timezone.now())
        data = {"key": key, "fields": {name: kept.get(name, stated.get(name, "")) for name in changed}}
        record(action="model_entry.changed", obj=row, by=by, study=None, data=data)
    made = find_entry(key)
    assert made is not None
    return made
