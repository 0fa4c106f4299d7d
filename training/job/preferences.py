"""The cases of a materialised preference release: which are trained on, which held out, in which orders."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consilium.answers.judge_prompt import ORDERS, JudgePrompt
from consilium.answers.verdicts import OVERALL
from training.job.controls import without_controls
from training.job.data import check_pictures, message, numbered_rows, row_place
from training.job.pairs import PreferencePair, read_pair
from training.job.spec import BOTH_ORDERS, PreferenceSettings, Spec, SpecError
from training.job.templates import check_conversations

# Filters and prompts were chosen on these: METHOD keeps them apart from what is trained on.
NEVER_READ = "dev"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a stage reads: pairs to train on, pairs of clusters that no update sees, and how many stay out."""

    trained: list[PreferencePair]
    held_out: list[PreferencePair]
    left_out: dict[str, int] = field(default_factory=dict)
    changed: dict[str, list[str]] = field(default_factory=dict)

    def for_card(self) -> dict[str, Any]:
        """Return what the run card says of them: above all which cases and clusters the weights have seen."""
        return {
            "pairs": len(self.trained),
            "left_out": self.left_out,
            "trained_on": _named(self.trained),
            "held_out": _named(self.held_out),
            **self.changed,
        }


def preferences_of(spec: Spec, processor: Any, dimensions: Sequence[str]) -> Preferences:
    """Read and check the release of `spec`; a pair is used when it is decided in all of `dimensions`.

    Images are checked and decoded, control tokens of the base written otherwise. Raises SpecError naming the
    row, also when nothing is left to train on.
    """
    assert spec.data is not None
    settings = spec.settings
    assert isinstance(settings, PreferenceSettings)
    pairs = load_pairs(spec.data)
    left_out = Counter(filter(None, (pair.why_left_out(dimensions) for pair in pairs)))
    kept, changed = without_controls([pair for pair in pairs if not pair.why_left_out(dimensions)], processor)
    if not kept:
        told = ", ".join(f"{count} with {reason}" for reason, count in sorted(left_out.items()))
        raise SpecError(f"data: the release holds no pair to train on ({told or 'it is empty'})")
    check_pictures(kept)
    trained, held_out = split_by_cluster(kept, settings.held_out, spec.seed)
    return Preferences(trained, held_out, dict(sorted(left_out.items())), changed)


def load_pairs(folder: Path) -> list[PreferencePair]:
    """Return the pairs of a release in file order, each image as its checksum says.

    Raises SpecError naming the row.
    """
    return [
        read_pair(row, row_place(row, number), folder)
        for number, row in numbered_rows(folder)
        if row.get("split") != NEVER_READ
    ]


def split_by_cluster(
    pairs: Sequence[PreferencePair], share: float, seed: int
) -> tuple[list[PreferencePair], list[PreferencePair]]:
    """Return the pairs to train on and those held out, so that no mark of one stands in the other.

    About `share` of the groups that hang together by patient, image or question is held out: at least one
    unless `share` is 0, and never the last one.
    """
    group = _groups(pairs)
    names = sorted(set(group))
    wanted = min(max(round(share * len(names)), int(share > 0)), len(names) - 1)
    drawn = set(random.Random(f"{seed}: held out").sample(names, wanted))
    placed = list(zip(pairs, group, strict=True))
    return [pair for pair, at in placed if at not in drawn], [pair for pair, at in placed if at in drawn]


def ordered(pairs: Sequence[PreferencePair], orders: str, seed: int) -> list[tuple[PreferencePair, str]]:
    """Return each pair with the orders in which it is shown.

    Both of them, or one: then the better answer stands first in every other pair, drawn by `seed`.
    """
    if orders == BOTH_ORDERS:
        return [(pair, order) for pair in pairs for order in ORDERS]
    shuffled = random.Random(f"{seed}: orders").sample(list(pairs), len(pairs))
    first = {pair.id: number % 2 for number, pair in enumerate(shuffled)}
    return [(pair, ORDERS[(pair.labels[OVERALL] == "A") == bool(first[pair.id])]) for pair in pairs]


def judge_turn(prompt: JudgePrompt, images: int) -> list[dict[str, Any]]:
    """Return the prompt as one message of parts: images between the two texts, as the benchmark sends it."""
    parts = [_text(prompt.text_before_image), *({"type": "image"} for _ in range(images))]
    return [{"role": "user", "content": [*parts, _text(prompt.text_after_image)]}]


def user_turn(text: str, images: int) -> list[dict[str, Any]]:
    """Return a question as one message of parts, images first."""
    return [{"role": "user", "content": [*({"type": "image"} for _ in range(images)), _text(text)]}]


def check_turns(processor: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Render every row's conversations within limits. Raises SpecError as `check_conversations`."""
    talks = []
    for row in rows:
        talks.append(row["prompt"])
        for key in ("completion", "chosen", "rejected"):
            talks += [[*row["prompt"], *told_in_parts(row[key])]] if key in row else []
    check_conversations(processor, talks)


def reply_turn(text: str) -> list[dict[str, str]]:
    """Return a conversation of the model's one reply."""
    return message("assistant", text)


def told_in_parts(turns: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return turns of plain text as turns of parts, which is how templates of processors want them."""
    return [turn | {"content": [_text(turn["content"])]} for turn in turns]


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _named(pairs: Sequence[PreferencePair]) -> dict[str, list[str]]:
    return {
        "cases": [pair.id for pair in pairs],
        "clusters": sorted({pair.cluster for pair in pairs if pair.cluster}),
    }


def _groups(pairs: Sequence[PreferencePair]) -> list[int]:
    """The number of each pair's group: pairs that share a mark, directly or through others."""
    parent = list(range(len(pairs)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    first: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        for mark in pair.marks:
            parent[root(number)] = root(first.setdefault(mark, number))
    return [root(number) for number in range(len(pairs))]
