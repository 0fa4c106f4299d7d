"""What a pipeline found: recipes scored on the same questions under the same seeds, from what was stored.

Nothing is kept: the figures are computed from answers, events and cards, every time somebody looks.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from benchmark.models import SolverResult
from benchmark.release_rows import is_scorable
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.intervals import Estimate
from consilium.statistics.paired import mean_difference_interval
from consilium.statistics.seeded import difference_over_seeds
from consilium.statistics.student import student_mean
from consilium.statistics.undefined import Maybe, Undefined
from curation.releases.freeze import rows_of
from dashboard.models import Pipeline, PipelineStep, Recipe, StepKind
from dashboard.pipelines.advance import pipeline_steps
from dashboard.pipelines.compute import Compute, recorded_by_run
from dashboard.pipelines.plan import JUDGES
from training.models import Run, RunEvent, Stage

# A row for each seed, a score (0 or 1) for each question.
Scores = list[list[float]]
QUARTER: Final = 4


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One recipe: its accuracy over questions and seeds, how far it is from base and from the next best.

    `by_seed`: its accuracy under each; `next_best`: None for the last. `compute`: of one seed, on average.
    """

    recipe: Recipe
    accuracy: float
    by_seed: list[float]
    by_specialty: dict[str, float]
    to_base: Estimate | None
    next_best: Recipe | None
    to_next: Estimate | None
    compute: Compute


@dataclass(frozen=True, slots=True)
class ExpertGain:
    """An expert and the base on the questions of the expert's own specialty."""

    specialty: str
    questions: int
    accuracy: float
    of_base: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class SeedGain:
    """A figure before and after, each a mean over seeds, and the mean of the seeds' differences."""

    name: str
    before: float
    after: float
    by_seed: list[float]
    difference: Estimate


@dataclass(frozen=True, slots=True)
class RecipeReport:
    """All of it; recipes by accuracy, the best first. `missing`: recipes that have no score yet."""

    questions: int
    clusters: int
    seeds: list[int]
    specialties: list[str]
    recipes: list[RecipeLine]
    experts: list[ExpertGain]
    rewards: list[SeedGain]
    judges: list[SeedGain]
    missing: list[Recipe]


class _Answers:
    """What was asked, and what each evaluation got right."""

    def __init__(self, pipeline: Pipeline, steps: Sequence[PipelineStep]) -> None:
        stored = rows_of(pipeline.questions).values_list("content", flat=True)
        rows = [row for row in stored if is_scorable(row)]
        self.ids = [row["id"] for row in rows]
        self.clusters = [row["cluster"] for row in rows]
        self.specialties = [row["specialty"] or "" for row in rows]
        self._right: dict[int, dict[str, bool]] = defaultdict(dict)
        made = [step.evaluation_id for step in steps if step.evaluation_id and step.is_done]
        found = SolverResult.objects.filter(evaluation__in=made)
        for owner, row_id, is_correct in found.values_list("evaluation", "row_id", "is_correct"):
            self._right[owner][row_id] = is_correct

    def scores(self, steps: Sequence[PipelineStep]) -> Scores:
        """A row for each step; a question without an answer is wrong."""
        held = [self._right[step.evaluation_id or 0] for step in steps]
        return [[float(right.get(row_id, False)) for row_id in self.ids] for right in held]

    def places(self, specialty: str) -> list[int]:
        """Where the questions of a specialty are."""
        return [place for place, name in enumerate(self.specialties) if name == specialty]

    def difference(self, first: Scores, second: Scores, places: Sequence[int] | None = None) -> Estimate:
        """First minus second over these questions, all of them without any.

        With several seeds the interval holds for other seeds too; with one for other questions alone.
        """
        chosen = range(len(self.ids)) if places is None else places
        one, two = ([[row[place] for place in chosen] for row in rows] for rows in (first, second))
        clusters = [self.clusters[place] for place in chosen]
        if len(one) == len(two) == 1 and clusters:
            interval = mean_difference_interval(one[0], two[0], ClusterWeights(clusters))
            return Estimate(fmean(one[0]) - fmean(two[0]), interval)
        found = difference_over_seeds(one, two, clusters)
        return (
            Estimate(found, found)
            if isinstance(found, Undefined)
            else Estimate(found.difference, found.interval)
        )


def recipe_report(pipeline: Pipeline) -> RecipeReport | None:
    """The figures so far; None until the base and another recipe have been scored."""
    steps = list(pipeline_steps(pipeline))
    wanted = list(dict.fromkeys(Recipe(step.recipe) for step in steps if _scores_recipe(step)))
    by_recipe = {recipe: found for recipe in wanted if (found := _of_seeds(steps, recipe))}
    if Recipe.BASE not in by_recipe or len(by_recipe) < 2:
        return None
    answers = _Answers(pipeline, steps)
    scores = {recipe: answers.scores(found) for recipe, found in by_recipe.items()}
    experts = _experts(pipeline, steps, answers, scores[Recipe.BASE])
    return RecipeReport(
        questions=len(answers.ids),
        clusters=len(set(answers.clusters)),
        seeds=list(pipeline.seeds),
        specialties=sorted(set(answers.specialties)),
        recipes=_lines(answers, scores, _mean_computes(steps, by_recipe)),
        experts=experts,
        rewards=_rewards(steps),
        judges=_judges(steps),
        missing=[recipe for recipe in wanted if recipe not in scores],
    )


def report_json(report: RecipeReport) -> dict[str, Any]:
    """The report for machines; a figure that does not exist is null."""
    return {
        "questions": report.questions,
        "clusters": report.clusters,
        "seeds": report.seeds,
        "recipes": [
            {
                "recipe": line.recipe.value,
                "accuracy": line.accuracy,
                "by_seed": line.by_seed,
                "by_specialty": line.by_specialty,
                "to_base": _told(line.to_base),
                "next_best": line.next_best.value if line.next_best else None,
                "to_next_best": _told(line.to_next),
                "optimizer_steps": line.compute.steps,
                "sequences": line.compute.sequences,
                "seconds": round(line.compute.seconds, 1),
            }
            for line in report.recipes
        ],
        "experts": [
            {
                "specialty": one.specialty,
                "questions": one.questions,
                "accuracy": one.accuracy,
                "of_base": one.of_base,
                "to_base": _told(one.difference),
            }
            for one in report.experts
        ],
        "gba_reward": [_told_gain(one) for one in report.rewards],
        "judges": [_told_gain(one) for one in report.judges],
        "missing": [recipe.value for recipe in report.missing],
    }


def _scores_recipe(step: PipelineStep) -> bool:
    return step.kind == StepKind.EVALUATION and bool(step.recipe)


def _of_seeds(steps: Sequence[PipelineStep], recipe: Recipe) -> list[PipelineStep]:
    """The recipe's scores, one for each seed (the base has one for all); nothing until all are there."""
    found = [step for step in steps if _scores_recipe(step) and step.recipe == recipe]
    return found if all(step.is_done for step in found) else []


def _lines(
    answers: _Answers, scores: Mapping[Recipe, Scores], computes: Mapping[Recipe, Compute]
) -> list[RecipeLine]:
    def accuracy(recipe: Recipe) -> float:
        return fmean(map(fmean, scores[recipe]))

    ordered = sorted(scores, key=accuracy, reverse=True)
    following = dict(itertools.pairwise(ordered))
    return [
        RecipeLine(
            recipe=recipe,
            accuracy=accuracy(recipe),
            by_seed=[fmean(row) for row in scores[recipe]],
            by_specialty={
                name: fmean(row[place] for row in scores[recipe] for place in answers.places(name))
                for name in sorted(set(answers.specialties))
            },
            to_base=None
            if recipe == Recipe.BASE
            else answers.difference(scores[recipe], scores[Recipe.BASE]),
            next_best=after,
            to_next=answers.difference(scores[recipe], scores[after]) if after else None,
            compute=computes[recipe],
        )
        for recipe in ordered
        for after in [following.get(recipe)]
    ]


def _mean_computes(
    steps: Sequence[PipelineStep], by_recipe: Mapping[Recipe, Sequence[PipelineStep]]
) -> dict[Recipe, Compute]:
    """What each recipe took under one seed, on average, with all that its model is made of."""
    runs = {step.run.pk: step.run for step in steps if step.run}
    made_by = {step.pk: step.run_id for step in steps}
    taken = recorded_by_run(runs.values())
    inputs: dict[int, list[int]] = defaultdict(list)
    links = Run.inputs.through.objects.filter(from_run__in=runs)
    for maker, source in links.values_list("from_run", "to_run"):
        inputs[maker].append(source)

    def parts(key: int) -> set[int]:
        return {key}.union(*(parts(source) for source in inputs[key]))

    found = {}
    for recipe, scored in by_recipe.items():
        models = [made_by[need.pk] for step in scored for need in step.needs.all()]
        whole = sum((taken[key] for model in models if model for key in parts(model)), Compute())
        found[recipe] = whole.shared_by(max(1, len(models)))
    return found


def _experts(
    pipeline: Pipeline, steps: Sequence[PipelineStep], answers: _Answers, base: Scores
) -> list[ExpertGain]:
    by_specialty: dict[str, list[PipelineStep]] = defaultdict(list)
    for step in steps:
        if step.kind == StepKind.EVALUATION and step.specialty and step.is_done:
            by_specialty[step.specialty].append(step)
    found = []
    for name, scored in sorted(by_specialty.items()):
        places = answers.places(name)
        if len(scored) < len(pipeline.seeds) or not places:
            continue
        own = answers.scores(scored)
        found.append(
            ExpertGain(
                specialty=name,
                questions=len(places),
                accuracy=fmean(row[place] for row in own for place in places),
                of_base=fmean(row[place] for row in base for place in places),
                difference=answers.difference(own, base, places),
            )
        )
    return found


def _rewards(steps: Sequence[PipelineStep]) -> list[SeedGain]:
    """GBA's mean reward in the first and the last quarter of its steps."""
    done = [step for step in steps if step.run_id and step.stage == Stage.GBA and step.is_done]
    told = RunEvent.objects.filter(run__in=[step.run_id for step in done], kind="step").order_by("step")
    values: dict[int | None, list[float]] = defaultdict(list)
    for run, data in told.values_list("run", "data"):
        if "reward" in data:
            values[run].append(float(data["reward"]))
    pairs: dict[Recipe, list[tuple[float, float]]] = defaultdict(list)
    for step in done:
        if len(own := values[step.run_id]) >= 2:
            part = max(1, len(own) // QUARTER)
            pairs[Recipe(step.recipe)].append((fmean(own[:part]), fmean(own[-part:])))
    return [_gain(str(recipe.label), found) for recipe, found in pairs.items()]


def _judges(steps: Sequence[PipelineStep]) -> list[SeedGain]:
    """How often each judge prefers the right reply on held-out cases, and how often its base does."""
    gains = []
    for stage in JUDGES:
        cards = [
            step.run.produced.card for step in steps if step.run and step.stage == stage and step.is_done
        ]
        metrics = [card["metrics"] for card in cards if "held_out_accuracy" in card.get("metrics", {})]
        found = [(one["held_out_accuracy_of_base"], one["held_out_accuracy"]) for one in metrics]
        if found:
            gains.append(_gain(Stage(stage).label, found))
    return gains


def _gain(name: str, pairs: Sequence[tuple[float, float]]) -> SeedGain:
    differences = [after - before for before, after in pairs]
    before, after = (fmean(values) for values in zip(*pairs, strict=True))
    return SeedGain(name, before, after, differences, student_mean(differences))


def _told(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    ends = estimate.interval
    low, high = (None, None) if isinstance(ends, Undefined) else (ends.low, ends.high)
    return {"difference": _number(estimate.value), "low": low, "high": high}


def _told_gain(one: SeedGain) -> dict[str, Any]:
    told = {"name": one.name, "before": one.before, "after": one.after, "by_seed": one.by_seed}
    return told | (_told(one.difference) or {})


def _number(value: Maybe[float]) -> float | None:
    return None if isinstance(value, Undefined) else value
