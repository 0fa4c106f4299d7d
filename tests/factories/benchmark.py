"""Frozen releases to score on, and stored replies without a model behind them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from annotation.release_votes import VOTES
from benchmark.judge_job import store_verdicts
from benchmark.launch import evaluate
from benchmark.models import Evaluation
from benchmark.solve_job import store_results
from benchmark.variants import STANDARD, PlannedVariant
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from curation.models import Release, ReleaseKind, Source
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze, rows_of
from tests.factories.cast import Cast
from tests.factories.curation import source
from tests.factories.painted import painted
from tests.factories.teaching_answers import right_and_wrong
from tests.factories.training import SOURCE, content, new_row

LABELS = ("A", "A", "B", "A")


def endpoint(name: str, **fields: Any) -> ModelEndpoint:
    wanted = {"name": name, "base_url": "http://127.0.0.1:9/v1", "model_id": name, "family": "tiny"}
    return ModelEndpoint.objects.create(**wanted | fields)


def trained(name: str, base: ModelEndpoint, releases: Sequence[str] = (), **fields: Any) -> ModelEndpoint:
    """An endpoint that says it was trained from `base`."""
    provenance = {"base": base.name, "releases": list(releases), "run": 1}
    return endpoint(name, provenance=provenance, **fields)


def _source(cast: Cast) -> None:
    if not Source.objects.filter(study=cast.study, name=SOURCE).exists():
        source(cast.study, SOURCE)


def questions(
    cast: Cast, count: int = 8, name: str = "Held-out 1", seed: int = 11, **changes: Any
) -> Release:
    """A frozen release of held-out questions; `changes` go into every row."""
    _source(cast)
    rows = []
    for item in painted(count, seed):
        own = {"id": f"held-{item.number}", "question_id": f"held-{item.number}"}
        row = content(item, "test") | own | {"cluster": f"test-{item.number}"}
        row = {key: value for key, value in row.items() if key not in ("reasoning", "steps")} | changes
        rows.append(new_row(row, item.image_png))
    return freeze(
        study=cast.study, kind=ReleaseKind.QUESTIONS, name=name, rows=rows, left_out={}, by=cast.lena
    )


def preferences(
    cast: Cast,
    labels: Sequence[str] = LABELS,
    name: str = "Preferences 1",
    seed: int = 12,
    changes: Sequence[Mapping[str, Any]] = (),
    votes: Sequence[NewRow] = (),
) -> Release:
    """A frozen preference release; every dimension of case n has the n-th label.

    `changes`: of each row; `votes`: the rows of single votes beside it, as `vote` makes them.
    """
    _source(cast)
    rows, own = [*votes], changes or [{}] * len(labels)
    for item, label, change in zip(painted(len(labels), seed), labels, own, strict=True):
        row = content(item) | {
            "id": f"case-{item.number}",
            "answer_a": f"The first words of {item.number}.",
            "answer_b": f"The second words of {item.number}.",
            "label": dict.fromkeys(DIMENSIONS, label),
            "cluster": f"case-cluster-{item.number}",
        }
        row = {key: value for key, value in row.items() if key not in ("reasoning", "steps", "split")}
        row |= change
        rows.append(new_row(row, item.image_png))
    return freeze(
        study=cast.study, kind=ReleaseKind.PREFERENCES, name=name, rows=rows, left_out={}, by=cast.lena
    )


def vote(case: int, reader: str, letter: str, shown_first: str = "A") -> NewRow:
    """A reader's newest vote for a case, the same in all dimensions."""
    row_id = f"vote-{case}-{reader}"
    content = {
        "id": row_id,
        "case_id": f"case-{case}",
        "reader": reader,
        "is_newest": True,
        "is_surplus": False,
        "shown_first": shown_first,
        "choices": dict.fromkeys(DIMENSIONS, letter.lower()),
    }
    return NewRow(row_id, content, table=VOTES)


def teaching_preferences(cast: Cast, count: int, name: str, seed: int) -> Release:
    """The teaching set: a right and a wrong answer per question, the right one A in every other case."""
    labels, changes = ("AB" * count)[:count], []
    for item, label in zip(painted(count, seed), labels, strict=True):
        right, wrong = right_and_wrong(item)
        own = dict.fromkeys(("cluster", "question_id"), f"{seed}-{item.number}")
        answers = (right, wrong) if label == "A" else (wrong, right)
        changes.append(own | dict(zip(("answer_a", "answer_b"), answers, strict=True)))
    return preferences(cast, labels, name, seed, changes)


def launched(
    cast: Cast,
    release: Release,
    *endpoints: ModelEndpoint,
    variants: Sequence[PlannedVariant] = STANDARD,
) -> list[Evaluation]:
    kind = "judge" if release.kind == ReleaseKind.PREFERENCES else "solver"
    return evaluate(
        study=cast.study, kind=kind, release=release, endpoints=endpoints, by=cast.lena, variants=variants
    )


def reply(to: ModelEndpoint, key: str, text: str, **fields: Any) -> Reply:
    digest = hashlib.sha256(f"{to.pk} {key} {text}".encode()).hexdigest()
    return Reply.objects.create(endpoint=to, request_sha256=digest, text=text, **fields)


def verdict_text(choice: str | None) -> str:
    """What a judge prints when it says the same of every dimension; None is not a verdict."""
    return "I cannot say." if choice is None else json.dumps(dict.fromkeys(DIMENSIONS, choice))


def judged(
    cast: Cast,
    release: Release,
    judge: ModelEndpoint,
    letters: Sequence[tuple[str | None, str | None]],
    variant: PlannedVariant = STANDARD[0],
    **fields: Any,
) -> Evaluation:
    """An evaluation whose replies are in: per case what was printed in the order ab and in ba.

    `fields`: of every reply.
    """
    (made,) = launched(cast, release, judge, variants=[variant])
    for row, pair in zip(rows_of(release), letters, strict=False):
        for order, choice in zip(("ab", "ba"), pair, strict=True):
            text = verdict_text(choice)
            tag = f"{row.row_id}/{order}"
            store_verdicts(made, [(tag, reply(judge, f"{made.pk} {tag}", text, **fields))])
    return over(made)


def state_probabilities(
    made: Evaluation, confidence: Sequence[float], dimension: str = DIMENSIONS[-1]
) -> None:
    """Give the letters of each case this probability, in both orders."""
    made.settings["letter_probabilities"] = True
    made.save()
    for row, held in zip(rows_of(made.release), confidence, strict=True):
        for verdict in made.verdicts.filter(row_id=row.row_id):
            first = held if verdict.parsed[dimension] == "A" else 1 - held
            verdict.probabilities = {**(verdict.probabilities or {}), dimension: first}
            verdict.save()


def solved(
    cast: Cast, release: Release, solver: ModelEndpoint, right: Mapping[int, bool | None]
) -> Evaluation:
    """An evaluation whose answers are in: position to right, wrong, or None for no letter at all."""
    (made,) = launched(cast, release, solver)
    for position, row in enumerate(rows_of(release)):
        if position not in right:
            continue
        gold = row.content["answer_label"]
        letter = gold if right[position] else next(other for other in "ABCD" if other != gold)
        text = "No idea." if right[position] is None else f"<think>Seen.</think><answer>{letter}</answer>"
        given = reply(solver, f"{made.pk} {row.row_id}", text)
        store_results(made, {row.row_id: row.content}, [(row.row_id, given)])
    return over(made)


def over(evaluation: Evaluation, state: str = JobState.SUCCEEDED) -> Evaluation:
    Job.objects.filter(pk=evaluation.job_id).update(state=state)
    evaluation.job.refresh_from_db()
    return evaluation
