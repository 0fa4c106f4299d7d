"""Many rows at once, by the shortest way of each database: COPY on PostgreSQL, one INSERT repeated on SQLite.

For the few tables that take thousands of rows in one transaction. bulk_create makes an instance and a list of
parameters of each row, and sends values as literals in a statement of megabytes that PostgreSQL parses first.
"""

from collections.abc import Sequence
from io import StringIO

from django.db import connection, models

# What stands for itself nowhere in COPY's text format.
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def insert_rows(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[str | int | None, ...]]
) -> None:
    """Insert rows of a model; `fields` names the attributes that each row holds, in that order.

    Values are as the database takes them: keys as int, JSON as its text, None as NULL. All columns but the
    key must be named. Neither `save` nor signals run; the database's triggers and constraints do.
    Raises what bulk_create raises for rows that the database refuses.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    named = {field.name: str(field.column) for field in model._meta.concrete_fields}
    columns = ", ".join(quote(named[name]) for name in fields)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = StringIO("".join(_line(row) for row in rows))
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", lines)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608


def _line(row: tuple[str | int | None, ...]) -> str:
    return "\t".join(map(_told, row)) + "\n"


def _told(value: str | int | None) -> str:
    if value is None:
        return "\\N"
    return _escaped(value) if isinstance(value, str) else str(value)


def _escaped(text: str) -> str:
    for found, written in ESCAPES:
        text = text.replace(found, written)  # str.translate is many times slower on kilobytes
    return text
