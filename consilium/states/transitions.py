"""The one way a stored state changes, of one row or of many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from django.db import models, transaction

from consilium.audit.record import audited_transaction, record
from consilium.prepared import update
from consilium.refusals import Refused
from consilium.states.tables import SYSTEM, StateTable

if TYPE_CHECKING:
    from consilium.people.models import Person, Study


class TransitionRefused(Refused):
    """The table has no such arrow, or not for this person. The text is for people."""


class RoleRefused(TransitionRefused):
    """The table has the arrow, but not for this person."""

    status = 403


class StateChanged(Refused):
    """Somebody else changed the state first; read again and decide anew."""


class Stateful(Protocol):
    """What transition() needs of a model instance."""

    pk: Any
    state: str
    STATES: ClassVar[StateTable]

    @property
    def owning_study(self) -> "Study | None":
        """The study whose audit chain records the change; None for the system's."""


def transition(
    obj: Stateful,
    to: str,
    *,
    by: "Person | None",
    reason: str = "",
    data: dict[str, Any] | None = None,
    roles: frozenset[str] | None = None,
    **fields: Any,
) -> None:
    """Move `obj` to state `to`: table, permission, conditional update, audit row.

    `by=None` is the system (a worker). `fields` are stored in the same UPDATE.
    `roles`: those of the person in the study, where the caller has read them in this transaction.
    Raises TransitionRefused, or StateChanged when another process moved it first (nothing is written then).
    """
    table, source, study = obj.STATES, obj.state, obj.owning_study
    _check_arrow(table, source, to, _rights(by, study) if roles is None else roles)
    model = cast("type[models.Model]", type(obj))
    # No savepoint: where the change was stored and its event cannot be, the caller's transaction fails.
    with transaction.atomic(savepoint=False):
        changed = update(model, {"state": to, **fields}, pk=obj.pk, state=source)
        if changed:
            record(
                action=f"{table.name}.{to}",
                obj=cast("models.Model", obj),
                by=by,
                study=study,
                data={"from": source, **(data or {})},
                reason=reason,
            )
    if not changed:
        raise StateChanged(f"This {table.name} is no longer {source}; reload to see what happened.")
    obj.state = to
    for name, value in fields.items():
        setattr(obj, name, value)


def transition_all(objs: Sequence[Stateful], to: str, *, by: "Person | None", **fields: Any) -> None:
    """Move objects of one model, one study and one state together; each gets its own audit event.

    All of them or none: raises TransitionRefused, or StateChanged when another process moved one first.
    """
    if not objs:
        return
    table, source, study = objs[0].STATES, objs[0].state, objs[0].owning_study
    if any((obj.state, obj.owning_study) != (source, study) for obj in objs):
        raise ValueError("Objects that move together share their state and their study.")
    _check_arrow(table, source, to, _rights(by, study))
    model = cast("type[models.Model]", type(objs[0]))
    with audited_transaction():
        moved = model._default_manager.filter(pk__in=[obj.pk for obj in objs], state=source)
        if moved.update(state=to, **fields) != len(objs):
            raise StateChanged(
                f"One {table.name} of these is no longer {source}; reload to see what happened."
            )
        for obj in objs:
            record(
                action=f"{table.name}.{to}",
                obj=cast("models.Model", obj),
                by=by,
                study=study,
                data={"from": source},
            )
    for obj in objs:
        obj.state = to
        for name, value in fields.items():
            setattr(obj, name, value)


def _check_arrow(table: StateTable, source: str, to: str, roles: frozenset[str]) -> None:
    found = table.arrow(source, to)
    if found is None:
        raise TransitionRefused(f"A {table.name} that is {source} cannot become {to}.")
    if not found.actors & roles:
        raise RoleRefused(f"Your role does not allow {table.name}: {source} to {to}.")


def _rights(by: "Person | None", study: "Study | None") -> frozenset[str]:
    from consilium.people.permissions import roles_of

    return frozenset({SYSTEM}) if by is None else roles_of(by, study)
