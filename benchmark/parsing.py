"""`python -m benchmark.parsing REPLIES.jsonl`: read judges' or solvers' replies without the application.

Each line of the file is an object {id, text}; each printed line is {id, verdict, reason}. For judges the
verdict maps every dimension to "A", "B", "tie" or null; with `--kind mcq --letters ABCDE` it is an option
letter or null.
Exit 0: all lines read. Exit 2: the file cannot be used; nothing is printed but the reason.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consilium.answers import option_letters, verdicts


class BadRepliesError(ValueError):
    """The file of replies cannot be used; the message names the line and what is wrong."""


@dataclass(frozen=True)
class ReplyLine:
    """One reply to read."""

    id: str | int
    text: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit status."""
    chosen = _arguments().parse_args(arguments)
    try:
        lines = [
            {"id": reply.id, **parse_reply(reply.text, kind=chosen.kind, letters=chosen.letters)}
            for reply in read_replies(chosen.replies)
        ]
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(json.dumps(line) + "\n" for line in lines)
    return 0


def parse_reply(text: str, *, kind: str = "judge", letters: str = "ABCDE") -> dict[str, Any]:
    """Verdict and reason of one reply; `kind` is "judge" or "mcq".

    Raises:
        ValueError: `letters` are not distinct upper-case letters.
    """
    if kind == "mcq":
        found = option_letters.extract(text, letters)
        return {"verdict": found.letter, "reason": found.rule}
    reading = verdicts.parse_verdict(text)
    return {"verdict": dict(reading.verdicts), "reason": reading.reason}


def read_replies(path: Path) -> Iterator[ReplyLine]:
    """The replies of a JSONL file in UTF-8; empty lines are skipped.

    Raises:
        BadRepliesError: unreadable, or a line that is not {id, text}.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRepliesError(f"Cannot read {path.name}: {error.strerror}.") from error
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield _reply(line, f"{path.name} line {number}")


def _reply(line: bytes, place: str) -> ReplyLine:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise BadRepliesError(f"{place} is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise BadRepliesError(f"{place} is not JSON: {error.msg} at column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise BadRepliesError(f"{place} holds a number or nesting beyond what can be read.") from error
    if not isinstance(row, dict) or not {"id", "text"} <= row.keys():
        raise BadRepliesError(f"{place} must be an object with id and text.")
    if isinstance(row["id"], bool) or not isinstance(row["id"], str | int):
        raise BadRepliesError(f"{place}: id must be text or a whole number.")
    if not isinstance(row["text"], str):
        raise BadRepliesError(f"{place}: text must be text.")
    return ReplyLine(row["id"], row["text"])


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmark.parsing", description=__doc__)
    parser.add_argument("replies", metavar="REPLIES.jsonl", type=Path, help="one object {id, text} per line")
    parser.add_argument("--kind", choices=("judge", "mcq"), default="judge", help="what the replies answer")
    parser.add_argument("--letters", default="ABCDE", help="the option letters of mcq replies")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
