"""The two kinds of work that go to Label Studio: what a task shows, and what its annotations become."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from annotation.label_studio import label_config, mapper
from annotation.label_studio.models import LabelStudioTask, TaskKind
from annotation.models import Case, Dimension
from annotation.presentation import MEANINGS
from annotation.sides import Pair, first_is_a
from annotation.votes import shown_in_order
from consilium.inference.images import data_uri
from consilium.people.models import Person, Study
from consilium.workqueue.kinds import Shown
from consilium.workqueue.models import WorkItem
from curation.images.access import model_images
from curation.models import Question, Trace, TraceStep


@dataclass(frozen=True, slots=True)
class ExchangedKind:
    """One kind of work that other people may do there.

    `keys` are the names of a task's data; `data(task)` makes them and raises NotShowable, BlobDamaged;
    `decided(study, objects)` is what its readers will see, e.g. the order; `content(task, result)` reads an
    annotation and raises AnnotationRefused; `shown(task, item, person)` says what a reader of the task saw.
    """

    kind: TaskKind
    keys: tuple[str, ...]
    config: Callable[[], str]
    readers: Callable[[Study], int]
    questions: Callable[[Sequence[int]], dict[int, int]]
    decided: Callable[[Study, Sequence[int]], dict[int, Shown]]
    data: Callable[[LabelStudioTask], dict[str, Any]]
    content: Callable[[LabelStudioTask, Sequence[Any]], dict[str, Any]]
    shown: Callable[[LabelStudioTask, WorkItem, Person], Shown]


def screen_config() -> str:
    """The labelling configuration of comparisons, in the words of the screen here."""
    return label_config.comparison_config({name.value: MEANINGS[name] for name in Dimension})


def _questions_of_cases(objects: Sequence[int]) -> dict[int, int]:
    return dict(Case.objects.filter(pk__in=objects).values_list("pk", "question_id"))


def _balanced(study: Study, objects: Sequence[int]) -> dict[int, Shown]:
    """Which answer of each case stands first: balanced within each pair of models and for each model."""
    rows = Case.objects.filter(study=study).order_by()
    pairs = {
        case: (a, b) for case, a, b in rows.values_list("pk", "response_a__endpoint", "response_b__endpoint")
    }
    sent = LabelStudioTask.objects.filter(project__study=study, project__kind=TaskKind.COMPARE)
    earlier, before = Counter[Pair](), list(sent.values_list("object_id", "shown"))
    for case, shown in before:
        a, b = pairs[case]
        earlier[min(a, b), max(a, b)] += 1 if (shown["first"] == "a") == (a < b) else -1
    rng = random.Random(f"{study.settings.seed}:label studio:{len(before)}")
    lower_first = first_is_a([(min(pairs[case]), max(pairs[case])) for case in objects], earlier, rng)
    return {
        case: {"first": "a" if (pairs[case][0] < pairs[case][1]) == lower else "b"}
        for case, lower in zip(objects, lower_first, strict=True)
    }


def _same_for_all(study: Study, objects: Sequence[int]) -> dict[int, Shown]:
    return {trace: {"gold": bool(study.settings.review_shows_gold)} for trace in objects}


def _comparison_data(task: LabelStudioTask) -> dict[str, Any]:
    case = Case.objects.select_related("question", "response_a", "response_b").get(pk=task.object_id)
    return mapper.comparison_data(
        order_key=task.order_key,
        question=mapper.question_text(case.question.text, case.question.options),
        images=_pictures(case.question),
        answers=(case.response_a.text, case.response_b.text),
        first=task.shown["first"],
    )


def _pictures(question: Question) -> list[str]:
    """The released pixels, as models get them. Raises NotShowable, BlobDamaged."""
    return [data_uri(png).decode() for png in model_images(question)]


def _comparison_content(task: LabelStudioTask, result: Sequence[Any]) -> dict[str, Any]:
    return mapper.vote_in(result)


def _comparison_shown(task: LabelStudioTask, item: WorkItem, person: Person) -> Shown:
    return shown_in_order(item, person, task.shown["first"])


def _questions_of_traces(objects: Sequence[int]) -> dict[int, int]:
    return dict(Trace.objects.filter(pk__in=objects).values_list("pk", "question_id"))


def _review_data(task: LabelStudioTask) -> dict[str, Any]:
    trace = Trace.objects.select_related("question").get(pk=task.object_id)
    question = trace.question
    gold = question.answer_label or question.answer if task.shown["gold"] else ""
    steps = TraceStep.objects.filter(trace=trace).order_by("position").values_list("original", flat=True)
    return mapper.review_data(
        order_key=task.order_key,
        question=mapper.question_text(question.text, question.options, gold),
        images=_pictures(question),
        steps=list(steps),
        answer=f"The trace answers: {trace.answer_label or 'with text'}",
    )


def _review_content(task: LabelStudioTask, result: Sequence[Any]) -> dict[str, Any]:
    return mapper.review_in(result, TraceStep.objects.filter(trace=task.object_id).count())


def _review_shown(task: LabelStudioTask, item: WorkItem, person: Person) -> Shown:
    return dict(task.shown)


EXCHANGED: Final = {
    TaskKind.COMPARE.value: ExchangedKind(
        kind=TaskKind.COMPARE,
        keys=mapper.COMPARISON_KEYS,
        config=screen_config,
        readers=lambda study: study.settings.votes_per_case,
        questions=_questions_of_cases,
        decided=_balanced,
        data=_comparison_data,
        content=_comparison_content,
        shown=_comparison_shown,
    ),
    TaskKind.REVIEW.value: ExchangedKind(
        kind=TaskKind.REVIEW,
        keys=mapper.REVIEW_KEYS,
        config=label_config.review_config,
        readers=lambda study: study.settings.reviews_per_trace,
        questions=_questions_of_traces,
        decided=_same_for_all,
        data=_review_data,
        content=_review_content,
        shown=_review_shown,
    ),
}
