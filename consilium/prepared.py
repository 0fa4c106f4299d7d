"""Statements compiled once: Django builds the SQL of a queryset or an INSERT the first time, then it is kept.

For the statements of the busiest requests, where building the SQL costs several times what running it does.
PostgreSQL parses and plans each of them once per connection (PREPARE), which costs it more than running them.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)
EPOCH = datetime(1901, 1, 1, tzinfo=UTC)
MOST_ROWS_PREPARED = 5


@dataclass(frozen=True, slots=True)
class _Plan:
    """One compiled SELECT: `names` says which parameter each place takes, `constants` what others hold."""

    sql: str
    constants: tuple[Any, ...]
    names: tuple[str | None, ...]
    reader: "_RowReader"


class _RowReader:
    """Makes instances of rows as Django's ModelIterable does, with everything looked up beforehand."""

    def __init__(self, compiler: Any) -> None:
        info = compiler.klass_info
        self._model = info["model"]
        self._start, self._end = info["select_fields"][0], info["select_fields"][-1] + 1
        self._names = [found[0].target.attname for found in compiler.select[self._start : self._end]]
        self._related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        self._annotations = list(compiler.annotation_col_map.items())
        expressions = [found[0] for found in compiler.select[: compiler.col_count]]
        self._converters = list(compiler.get_converters(expressions).items())

    def read(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> Any:
        """The instance of a row, with its related instances and annotations."""
        values = list(row)
        for place, (converters, expression) in self._converters:
            for converter in converters:
                values[place] = converter(values[place], expression, connection)
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[self._start : self._end])
        for related in self._related:
            related.populate(values, made)
        for name, place in self._annotations:
            setattr(made, name, values[place])
        return made


class Prepared(Generic[M]):
    """A SELECT of model instances with named parameters.

    `build` gets one stand-in value per parameter and returns the queryset; it must use each of them as it is,
    in a filter. `types` says what each parameter is: int (also keys of rows), str, uuid.UUID or datetime.
    """

    def __init__(self, build: Callable[..., "models.QuerySet[M]"], **types: type) -> None:
        self._build, self._types = build, types
        self._plans: dict[str, _Plan] = {}

    def __call__(self, **values: Any) -> list[M]:
        """The instances for these values. Raises LookupError when one is missing."""
        connection = _connection()
        plan = self._plan(connection)
        with connection.cursor() as cursor:
            _execute(cursor, plan.sql, self._params(plan, values, connection))
            rows = cursor.fetchall()
        return [plan.reader.read(row, connection) for row in rows]

    def first(self, **values: Any) -> M | None:
        """The first instance, or None; the queryset should have a limit."""
        return next(iter(self(**values)), None)

    def count(self, **values: Any) -> int:
        """How many rows there are for these values."""
        connection = _connection()
        plan = self._plan(connection)
        # The statement is Django's own, its values are parameters.
        sql = f"SELECT COUNT(*) FROM ({plan.sql}) counted"  # noqa: S608
        with connection.cursor() as cursor:
            _execute(cursor, sql, self._params(plan, values, connection))
            return int(cursor.fetchone()[0])

    def _plan(self, connection: BaseDatabaseWrapper) -> _Plan:
        return self._plans.get(connection.vendor) or self._compile(connection)

    def _params(
        self, plan: _Plan, values: Mapping[str, Any], connection: BaseDatabaseWrapper
    ) -> tuple[Any, ...]:
        filled = {name: _adapted(values[name], connection) for name in self._types}
        return tuple(
            constant if name is None else filled[name]
            for constant, name in zip(plan.constants, plan.names, strict=True)
        )

    def _compile(self, connection: BaseDatabaseWrapper) -> _Plan:
        stand_ins = {name: _stand_in(kind, place) for place, (name, kind) in enumerate(self._types.items())}
        queryset = self._build(**stand_ins)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, constants = compiler.as_sql()
        by_value = {_adapted(value, connection): name for name, value in stand_ins.items()}
        names = tuple(by_value.get(value) if _can_be_key(value) else None for value in constants)
        if missing := set(self._types) - set(names):
            raise LookupError(f"Not a plain parameter of the statement: {', '.join(sorted(missing))}.")
        plan = _Plan(sql, tuple(constants), names, _RowReader(compiler))
        self._plans[connection.vendor] = plan
        return plan


def insert(instances: Sequence[models.Model]) -> None:
    """Store new rows of one model in one statement and give the instances their keys.

    As bulk_create, but for a few rows and without building the statement anew.
    """
    model, connection = type(instances[0]), _connection()
    fields, sql = _insert_statement(model, len(instances), connection.vendor)
    params = [
        field.get_db_prep_save(field.pre_save(instance, add=True), connection)
        for instance in instances
        for field in fields
    ]
    with connection.cursor() as cursor:
        if len(instances) <= MOST_ROWS_PREPARED:
            _execute(cursor, sql, params)
        else:
            cursor.execute(sql, params)
        keys = cursor.fetchall()
    for instance, (key,) in zip(instances, keys, strict=True):
        instance.pk = key
        instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def update(model: type[models.Model], changes: Mapping[str, Any], **where: Any) -> int:
    """UPDATE with equality conditions on columns; how many rows it changed."""
    if any(hasattr(value, "resolve_expression") for value in changes.values()):
        return model._default_manager.filter(**where).update(**changes)
    connection = _connection()
    sql = _update_statement(model, tuple(changes), tuple(where), connection.vendor)
    given = (*changes.items(), *where.items())
    params = [_prepared_value(model, name, value, connection) for name, value in given]
    with connection.cursor() as cursor:
        _execute(cursor, sql, params)
        return int(cursor.rowcount)


def delete(model: type[models.Model], **where: Any) -> int:
    """DELETE with equality conditions on columns; how many rows. For rows to which no other rows point."""
    connection = _connection()
    sql = _delete_statement(model, tuple(where), connection.vendor)
    params = [_prepared_value(model, name, value, connection) for name, value in where.items()]
    with connection.cursor() as cursor:
        _execute(cursor, sql, params)
        return int(cursor.rowcount)


# The names of the statements that a connection to PostgreSQL has prepared, by their SQL. They end with it.
_prepared: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def _connection() -> BaseDatabaseWrapper:
    """This thread's connection itself: Django's proxy looks it up again for each of its attributes."""
    return connections[DEFAULT_DB_ALIAS]


def _execute(cursor: Any, sql: str, params: Sequence[Any]) -> None:
    connection = cursor.db
    if connection.vendor != "postgresql":
        cursor.execute(sql, params)
        return
    names = _prepared.setdefault(connection.connection, {})
    name = names.get(sql)
    if name is None:
        name = f"consilium_{len(names)}"
        cursor.execute(f"PREPARE {name} AS {_numbered(sql)}")  # a rollback does not take it back
        names[sql] = name
    given = f"({', '.join(['%s'] * len(params))})" if params else ""
    cursor.execute(f"EXECUTE {name} {given}", params)


def _numbered(sql: str) -> str:
    """The statement with $1, $2 for its places."""
    first, *rest = sql.split("%s")
    return "".join([first, *(f"${place}{part}" for place, part in enumerate(rest, start=1))]).replace(
        "%%", "%"
    )


@cache
def _insert_statement(model: type[models.Model], rows: int, vendor: str) -> tuple[list[Any], str]:
    meta: Any = model._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]
    quote = _connection().ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    values = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * rows)
    into = f"{quote(meta.db_table)} ({columns})"
    # Names come from the models, values are parameters.
    return fields, f"INSERT INTO {into} VALUES {values} RETURNING {quote(meta.pk.column)}"  # noqa: S608


@cache
def _update_statement(
    model: type[models.Model], changes: tuple[str, ...], where: tuple[str, ...], vendor: str
) -> str:
    meta: Any = model._meta
    quote = _connection().ops.quote_name

    def equal(names: tuple[str, ...], separator: str) -> str:
        return separator.join(f"{quote(_field(model, name).column)} = %s" for name in names)

    changed, found = equal(changes, ", "), equal(where, " AND ")
    return f"UPDATE {quote(meta.db_table)} SET {changed} WHERE {found}"  # noqa: S608


@cache
def _delete_statement(model: type[models.Model], where: tuple[str, ...], vendor: str) -> str:
    quote = _connection().ops.quote_name
    found = " AND ".join(f"{quote(_field(model, name).column)} = %s" for name in where)
    return f"DELETE FROM {quote(model._meta.db_table)} WHERE {found}"  # noqa: S608


def _prepared_value(model: type[models.Model], name: str, value: Any, connection: BaseDatabaseWrapper) -> Any:
    field = _field(model, name)
    return field.get_db_prep_save(value.pk if isinstance(value, models.Model) else value, connection)


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def _stand_in(kind: type, place: int) -> Any:
    """A value of that type which no real statement holds as a constant."""
    if kind is uuid.UUID:
        return uuid.UUID(int=(0xC0115 << 64) + place)
    if kind is datetime:
        return EPOCH + timedelta(days=place)
    return 8_800_770_066_000 + place if kind is int else f"\u2060stand-in {place}\u2060"


def _adapted(value: Any, connection: BaseDatabaseWrapper) -> Any:
    """The value as the database driver takes it."""
    if isinstance(value, uuid.UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _can_be_key(value: Any) -> bool:
    return isinstance(value, int | str | uuid.UUID | datetime)
