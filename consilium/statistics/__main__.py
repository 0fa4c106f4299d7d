"""`python -m consilium.statistics CASES.json`: compute every case of a file and print {id: value} as JSON.

`--list` prints every statistic's name, the shapes of its input and its source instead.
A value that does not exist is {"undefined": why}. Exit 0: all computed. Exit 1: some cases could not be
computed as written; they print {"error": why}. Exit 2: the file cannot be used.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consilium.statistics.cases import STATISTICS, BadCaseError, compute


class BadFileError(ValueError):
    """The file of cases cannot be used; the message says why and where."""


class NotANumberError(ValueError):
    """NaN or an infinity in a JSON file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m consilium.statistics", description=__doc__)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument(
        "cases", metavar="CASES.json", type=Path, nargs="?", help="the cases: a list, or {cases: list}"
    )
    wanted.add_argument("--list", action="store_true", help="print what can be computed, and how to ask")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        sys.stdout.write(listing())
        return 0
    path = chosen.cases
    try:
        results = {case["id"]: _result(case) for case in read_cases(path)}
    except BadFileError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(results, allow_nan=False, indent=1) + "\n")
    return 1 if any(isinstance(value, dict) and "error" in value for value in results.values()) else 0


def listing() -> str:
    """Name, input and source of every statistic, in the alphabet's order."""
    return "".join(
        f"{name}\n  input: {one.shape}\n  source: {one.source}\n" for name, one in sorted(STATISTICS.items())
    )


def read_cases(path: Path) -> list[dict[str, Any]]:
    """The cases of a file, each with a unique text `id` and a text `statistic`.

    Raises:
        BadFileError: unreadable, not JSON, or not cases.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise BadFileError(f"Cannot read {path.name}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadFileError(f"{path.name} is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise BadFileError(f"{path.name} line {error.lineno} is not JSON: {error.msg}.") from error
    except NotANumberError as error:
        raise BadFileError(f"{path.name} holds {error}, which is no JSON number.") from error
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{path.name} holds a number or nesting beyond what can be read.") from error
    cases = data.get("cases") if isinstance(data, dict) else data
    if not isinstance(cases, list):
        raise BadFileError(f'{path.name} holds no list of cases; write [...] or {{"cases": [...]}}.')
    seen: set[str] = set()
    for number, case in enumerate(cases, start=1):
        _check_case(case, number, seen)
    return cases


def _refuse_constant(name: str) -> Any:
    raise NotANumberError(name)


def _check_case(case: Any, number: int, seen: set[str]) -> None:
    if not isinstance(case, dict) or not all(isinstance(case.get(key), str) for key in ("id", "statistic")):
        raise BadFileError(f"Case {number} must be an object with the texts id and statistic.")
    if case["id"] in seen:
        raise BadFileError(f"Case {number} repeats the id {case['id']!r}.")
    seen.add(case["id"])


def _result(case: dict[str, Any]) -> Any:
    try:
        return compute(case["statistic"], case.get("input", {}))
    except BadCaseError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    raise SystemExit(main())
