"""The texts that the trainer will see of some rows: prompts and labels, word for word.

Only the base's own chat template comes around them. What the training process reads is
`training.job.data`; a test holds both to the same texts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from consilium.answers import think_answer, trace_prompt
from curation.models import Release, ReleaseRow
from curation.releases.freeze import rows_of
from training.job.spec import NEUTRAL, REWARD
from training.models import Stage
from training.stage_settings import defaults_of

SHOWN = 3


@dataclass(frozen=True, slots=True)
class ShownSample:
    """One row: who it is, and titled texts; `question` is the key of its question, None where unknown."""

    row_id: str
    question: int | None
    images: int
    texts: list[tuple[str, str]]


def shown_samples(
    release: Release, stage: str, specialty: str = "", settings: Mapping[str, Any] | None = None
) -> list[ShownSample]:
    """The first rows that the stage would read, as its trainer sees them; none for a merge."""
    if stage == Stage.MERGE:
        return []
    chosen = {**defaults_of(stage), **(settings or {})}
    return [_shown(row.row_id, row.content, stage, chosen) for row in _rows(release, specialty)[:SHOWN]]


def shown_texts(
    release: Release, stage: str, specialty: str, settings: Mapping[str, Any], most: int
) -> tuple[list[list[str]], int]:
    """The texts of the first `most` rows that the stage would read, and how many rows it would read."""
    rows = _rows(release, specialty)
    chosen = {**defaults_of(stage), **settings}
    shown = (_shown(row.row_id, row.content, stage, chosen) for row in rows[:most])
    return [[text for _, text in sample.texts] for sample in shown], rows.count()


def _rows(release: Release, specialty: str) -> "QuerySet[ReleaseRow]":
    rows = rows_of(release).filter(content__split="train")
    return rows.filter(content__specialty=specialty) if specialty else rows


def _shown(row_id: str, row: dict[str, Any], stage: str, settings: dict[str, Any]) -> ShownSample:
    texts = _supervised(row) if stage == Stage.DSA else _reinforced(row, settings)
    number = str(row.get("question_id", "")).removeprefix("question-")
    question = int(number) if number.isdecimal() else None
    return ShownSample(row_id, question, len(row.get("images", [])), list(texts))


def _supervised(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Prompt", _prompt(row)
    text = str(row.get("reasoning", "")).strip()
    reply = text if think_answer.format_ok(text) else think_answer.compose([text], _gold(row))
    yield "Label: the loss is on this text alone", reply


def _reinforced(row: dict[str, Any], settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    paradigms = settings["paradigms"]
    if settings["variant"] == REWARD:
        yield (
            f"Prompt that draws {settings['rollouts'] * len(paradigms)} answers, and of the loss",
            _prompt(row),
        )
        yield "Label: an answer earns 1 for it and 0.5 for the form; a judge ranks the right ones", _gold(row)
        return
    for paradigm in paradigms:
        yield f"Prompt that draws {settings['rollouts']} answers, {paradigm}", _prompt(row, paradigm)
    if settings["train_prompt"] == NEUTRAL and len(paradigms) > 1:
        yield "Prompt of the loss, for every answer", _prompt(row)
    yield "Label: an answer earns 1 for it and 0.5 for the form", _gold(row)


def _prompt(row: dict[str, Any], paradigm: str = NEUTRAL) -> str:
    options = {letter: text for letter, text in (row.get("options") or {}).items() if text is not None}
    return trace_prompt.build(row["question"], options, paradigm=None if paradigm == NEUTRAL else paradigm)


def _gold(row: dict[str, Any]) -> str:
    return str(row.get("answer_label") or row.get("answer", ""))
