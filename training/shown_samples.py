"""The texts that the trainer will see of some rows: prompts and labels, word for word.

Only the base's own chat template comes around them. What the training process reads is
`training.job.data` and `training.job.preferences`; a test holds both to the same texts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet

from consilium.answers import think_answer, trace_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from curation.models import Release, ReleaseRow
from training.job.pairs import PreferencePair, read_pair
from training.job.spec import BOTH_ORDERS, NEUTRAL, PREFERENCE_STAGES, REWARD, VERDICTS, SpecError
from training.models import Stage
from training.preconditions import rows_for_training
from training.stage_settings import defaults_of

SHOWN = 3
PART: Final = 100


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
    return list(islice(_shown_rows(release, stage, specialty, settings or {}), SHOWN))


def shown_texts(
    release: Release, stage: str, specialty: str, settings: Mapping[str, Any], most: int
) -> tuple[list[list[str]], int]:
    """The texts of the first `most` rows that the stage would read, and how many rows it would read."""
    shown = islice(_shown_rows(release, stage, specialty, settings), most)
    return [[text for _, text in sample.texts] for sample in shown], _rows(release, specialty).count()


def _shown_rows(
    release: Release, stage: str, specialty: str, settings: Mapping[str, Any]
) -> Iterator[ShownSample]:
    chosen = {**defaults_of(stage), **settings}
    for row in _rows(release, specialty).iterator(PART):
        texts = _texts(row.content, stage, chosen)
        if texts:
            number = str(row.content.get("question_id", "")).removeprefix("question-")
            question = int(number) if number.isdecimal() else None
            yield ShownSample(row.row_id, question, len(row.content.get("images", [])), texts)


def _rows(release: Release, specialty: str) -> "QuerySet[ReleaseRow]":
    rows = rows_for_training(release)
    return rows.filter(content__specialty=specialty) if specialty else rows


def _texts(row: dict[str, Any], stage: str, settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Titled texts of a row; none of one that the stage leaves out or refuses."""
    if stage not in PREFERENCE_STAGES:
        return list(_supervised(row) if stage == Stage.DSA else _reinforced(row, settings))
    try:
        pair = read_pair(row, "")
    except SpecError:
        return []
    is_judge = stage == Stage.JUDGE_SFT or settings.get("target") == VERDICTS
    if pair.why_left_out(DIMENSIONS if is_judge else (settings["dimension"],)):
        return []
    return list(_judged(pair, stage, settings) if is_judge else _preferred(pair, settings["dimension"]))


def _judged(pair: PreferencePair, stage: str, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    in_both = settings["orders"] == BOTH_ORDERS
    for order in ORDERS if in_both else ORDERS[:1]:
        prompt = pair.asked(order)
        which = f"answer {order[0].upper()} first{'' if in_both else ', or B as it is drawn'}"
        yield f"Prompt before the images, {which}", prompt.text_before_image
        yield f"Prompt after the images, {which}", prompt.text_after_image
        if stage == Stage.JUDGE_SFT:
            yield "Label: the loss is on this text alone", pair.verdict(order)
        else:
            yield "Verdict to prefer", pair.verdict(order)
            yield "Verdict to avoid", pair.verdict(order, is_right=False)


def _preferred(pair: PreferencePair, dimension: str) -> Iterator[tuple[str, str]]:
    better, worse = pair.answers_by_worth(dimension)
    yield "Prompt", pair.question_prompt()
    yield f"Answer to prefer, by {dimension}", better
    yield "The other answer", worse


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
