"""Tables that people open in a spreadsheet, as CSV and as one workbook; no cell of them is a formula."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from consilium.statistics.undefined import Undefined

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NAME_LENGTH: Final = 31
# What Excel allows in no name of a sheet, and signs beyond 16 bits, of which it counts each as two.
_NOT_IN_NAME: Final = re.compile(
    r"[][:*?/\\\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]"
)
_NOT_IN_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RESERVED: Final = "history"


def csv_table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """UTF-8 with a byte order mark; empty where a figure does not exist."""
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\r\n")
    written.writerow(head)
    written.writerows([_quoted(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def workbook(head: Sequence[str], sheets: Mapping[str, Iterable[Iterable[Any]]]) -> bytes:
    """An Excel workbook: a sheet per name, named by `sheet_names`, each beginning with the head."""
    from openpyxl import Workbook  # a fifth of a second, for which no page waits

    book = Workbook(write_only=True)
    book.properties.creator = "Consilium"
    for name, rows in zip(sheet_names(sheets), sheets.values(), strict=True):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, value) for value in head])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def sheet_names(names: Iterable[str]) -> list[str]:
    """A name for the sheet of each: what Excel forbids replaced, cut to 31 characters, all different."""
    return distinct_names((_NOT_IN_NAME.sub("_", name) for name in names), _NAME_LENGTH, {_RESERVED})


def distinct_names(names: Iterable[str], length: int, taken: Collection[str] = ()) -> list[str]:
    """The names cut to a length; those that are equal then, in whatever case, get a number at their end."""
    used, found = set(taken), []
    for name in names:
        cut = name[:length].strip(" '") or "_"
        numbered = (f"{cut[: length - len(end)]}{end}" for end in map(" ({})".format, count(2)))
        chosen = cut if cut.casefold() not in used else next(n for n in numbered if n.casefold() not in used)
        used.add(chosen.casefold())
        found.append(chosen)
    return found


def _quoted(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; empty where a figure does not exist."""
    if isinstance(value, Undefined):
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _cell(sheet: "WriteOnlyWorksheet", value: Any) -> "Cell | Any":
    """A text is written as one, whatever it begins with, and stays one when somebody edits the cell."""
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, _NOT_IN_XML.sub("_", value))
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(_FORMULA)
    return cell
