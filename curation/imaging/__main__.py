"""Rebuild images from the command line, to see what the importer would keep and refuse."""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from consilium.environment import read_words
from consilium.refusals import Refused
from curation.imaging.protocol import NotRebuilt
from curation.imaging.sandbox import rebuild, standing_walls
from curation.imaging.walls import SETTING, Wall, described


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line per file; return 1 when any was refused, 2 when the folder cannot be used or a
    wall is missing.

    Which walls stand around the decoder is said on stderr, one line each. Keyed hashes are made with a key of
    this run: they cannot be compared between runs.
    """
    parser = argparse.ArgumentParser(prog="python -m curation.imaging", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new or empty folder")
    options = parser.parse_args(arguments)
    try:
        without = [Wall(word) for word in read_words(SETTING, tuple(Wall))]
        sys.stderr.write("\n".join(described(standing_walls(), without=without)) + "\n")
        options.out.mkdir(parents=True, exist_ok=True)
        if any(options.out.iterdir()):
            parser.error("the folder given with --out is not empty")
        outcomes = rebuild(options.files, options.out, key=secrets.token_bytes(32), without=without)
    except Refused as refusal:  # a missing wall, or a word in the setting that names none
        parser.error(str(refusal))
    except OSError as error:
        parser.error(f"the folder given with --out cannot be used: {error.strerror}")
    for path, outcome in zip(options.files, outcomes, strict=True):
        if isinstance(outcome, NotRebuilt):
            shown = {"file": path.name, "kept": False, "code": outcome.code, "message": outcome.message}
        else:
            shown = {"file": path.name, "kept": True, "folder": outcome.folder.name, **outcome.report()}
        sys.stdout.write(json.dumps(shown) + "\n")
    return 1 if any(isinstance(outcome, NotRebuilt) for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
