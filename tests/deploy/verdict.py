"""Compares what people were told with what the deployment holds; a sentence is a promise that was broken."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

# What trying again heals. A page without JSON, a 500 and whatever else there is are the site's own errors.
HEALED_BY_TRYING = {"connection", "no answer in 30 s", "later, in words", "429", "502", "503", "504"}
Row = tuple[Any, ...]


def lost_or_doubled(acknowledged: Iterable[dict[str, Any]], stored: Sequence[Row]) -> list[str]:
    """Acknowledged votes beside stored ones: (key, tokens, person, item, version, sha256, typed votes)."""
    rows = {str(row[0]): row for row in stored}
    said = {event["key"]: event for event in acknowledged}
    found = [f"Vote {key} was acknowledged and is lost." for key in sorted(said.keys() - rows.keys())]
    found += [
        f"Vote {key} is stored, and its reader was never told." for key in sorted(rows.keys() - said.keys())
    ]
    for key in sorted(said.keys() & rows.keys()):
        _, tokens, _, _, version, digest, typed = rows[key]
        told = said[key]
        if told["token"] not in tokens or (told["version"], told["sha256"]) != (version, digest):
            found.append(f"Vote {key} is not what was acknowledged.")
        if typed != 1:
            found.append(f"Vote {key} has {typed} rows beside it.")
    twice = [place for place, count in Counter((row[2], row[3]) for row in stored).items() if count > 1]
    return found + [f"Person {person} voted more than once on item {item}." for person, item in sorted(twice)]


def drafts_lost(kept: Iterable[dict[str, Any]], voted: set[str], stored: dict[str, Any]) -> list[str]:
    """The last draft of each claim without a vote must be the stored one (token to content)."""
    last = {event["token"]: event["content"] for event in kept if event["token"] not in voted}
    return [
        f"The draft of claim {token} is lost." for token, text in last.items() if stored.get(token) != text
    ]


def too_many_claims(items: Iterable[Row]) -> list[str]:
    """Items as (id, capacity, slots that are taken or used)."""
    return [
        f"Item {item} has {taken} of {capacity} slots." for item, capacity, taken in items if taken > capacity
    ]


def unhealed(events: Iterable[dict[str, Any]]) -> list[str]:
    """Errors that people met and that trying again does not heal."""
    found = [f"{event['person']}: {event['error']}" for event in events if event["what"] == "error"]
    odd = Counter(
        f"{event['call']} answered {event['cause']}"
        for event in events
        if event["what"] == "retry" and event["cause"] not in HEALED_BY_TRYING
    )
    return found + [f"{what} ({count} times)." for what, count in sorted(odd.items())]


def jobs_unfinished(jobs: Iterable[Row]) -> list[str]:
    """Jobs as (id, kind, state, attempt, error); every one has to have succeeded."""
    return [
        f"Job {job} ({kind}) is {state} after {attempt} attempts. {error}".strip()
        for job, kind, state, attempt, error in jobs
        if state != "succeeded"
    ]


def pictures_lost(imports: Iterable[dict[str, Any]], known: set[int], pictures: Counter[str]) -> list[str]:
    """Acknowledged imports beside the stored ones; each picture is stored once."""
    found = []
    for event in imports:
        if event["pk"] not in known:
            found.append(f"Import {event['pk']} was acknowledged and is lost.")
        for digest in event["pictures"]:
            if pictures[digest] != 1:
                found.append(f"A picture of import {event['pk']} is stored {pictures[digest]} times.")
    return found
