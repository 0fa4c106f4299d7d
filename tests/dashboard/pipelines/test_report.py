"""The comparison of recipes: what it is made of, what equal compute means, and its figures."""

import json
from typing import Any

import pytest
from django.test import Client

from consilium.statistics.seeded import difference_over_seeds
from consilium.statistics.undefined import Undefined
from dashboard.models import Pipeline, PipelineStep, Recipe
from dashboard.pipelines.advance import pipeline_steps
from dashboard.pipelines.compute import Compute, recorded_compute, sequences_per_step
from dashboard.pipelines.plan import comparison_plan
from dashboard.pipelines.report import recipe_report, report_json
from tests.factories import benchmark as scoring
from tests.factories import pipelines as making
from tests.factories.cast import Cast
from training.models import ProducedModel, Run, RunEvent

SPECIALTIES = ["adult_medicine", "pediatrics"]
# How many of the eight questions each gets right, the first ones; they take four specialties in turn.
RIGHT = {
    "base": 2,
    "sft_all": 4,
    "grpo": 3,
    "average": 4,
    "gba": 6,
    "gba_lb0": 5,
    "merge": 7,
}


def right(step: PipelineStep) -> dict[int, bool]:
    """The first so many; under the seed 2 the merge gets one more, and an expert both of its own."""
    if step.specialty:
        return {place: place in (0, 1, 4, 5) for place in range(8)}
    count = RIGHT[step.recipe] + (step.recipe == "merge" and step.seed == 2)
    return dict.fromkeys(range(count), True)


@pytest.fixture
def compared(cast: Cast) -> Pipeline:
    pipeline = making.started(cast, kind="comparison", seeds=[1, 2])
    making.go_through(pipeline, right)
    pipeline.refresh_from_db()
    assert (pipeline.state, pipeline.error) == ("completed", "")
    return pipeline


def test_what_recipes_share_is_made_once_for_each_seed() -> None:
    steps = comparison_plan(SPECIALTIES, {}, [1, 2, 3], has_dev=False, has_preferences=True)
    runs = [step for step in steps if step.stage]
    assert len(runs) == 3 * (2 + 6 + 2)
    assert len(steps) - len(runs) == 1 + 3 * (2 + 6)
    of_seed = [step for step in runs if step.seed == 2]
    by_recipe = {step.recipe: step for step in of_seed if step.recipe}
    experts = tuple(steps.index(step) + 1 for step in of_seed if step.specialty)
    gba = steps.index(by_recipe[Recipe.GBA]) + 1
    assert by_recipe[Recipe.AVERAGE].needs == by_recipe[Recipe.GBA].needs == experts
    assert by_recipe[Recipe.MERGE].needs == by_recipe[Recipe.GRPO].needs == (*experts, gba)
    assert by_recipe[Recipe.GBA_LB0].settings["between_weight"] == 0
    assert (by_recipe[Recipe.SFT_ALL].stage, by_recipe[Recipe.SFT_ALL].specialty) == ("dsa", "")
    stock = by_recipe[Recipe.GRPO].settings
    assert (stock["start_from"], stock["paradigms"]) == ("base", ["neutral"])
    assert sequences_per_step("gba", stock) == sequences_per_step("gba", {})


def test_dev_questions_have_candidates_tried() -> None:
    steps = comparison_plan(SPECIALTIES, {}, [1], has_dev=True, has_preferences=False)
    methods = {step.recipe: step.settings["method"] for step in steps if step.stage == "merge"}
    assert methods == {Recipe.MERGE: "candidates", Recipe.AVERAGE: "linear"}


def test_single_runs_get_as_many_sequences_as_experts_and_gba_recorded(
    compared: Pipeline, cast: Cast
) -> None:
    steps = {(step.recipe, step.seed): step for step in pipeline_steps(compared) if step.run}
    for seed in (1, 2):
        experts = Run.objects.filter(seed=seed, stage="dsa").exclude(specialty="")
        gba = steps["gba", seed].run
        assert gba is not None
        taken = recorded_compute([*experts, gba]).sequences
        assert taken == 2 * 4 * 4 + 2 * 8  # smoke: 4 steps of 4 rows; 2 of 1 question, 4 paradigms, twice
        for recipe, per_step in (("sft_all", 4), ("grpo", 8)):
            run = steps[recipe, seed].run
            assert run is not None
            assert run.settings["max_steps"] * per_step == taken
            assert not run.inputs.exists()
        average = steps["average", seed].run
        assert average is not None
        assert set(average.inputs.all()) == set(experts)
    _check_page_and_file(compared, cast)


def test_figures_are_those_of_the_answers(compared: Pipeline, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(9):  # however many seeds
        report = recipe_report(compared)
    assert report is not None
    by_name = {line.recipe.value: line for line in report.recipes}
    assert next(line.recipe.value for line in report.recipes) == "merge"
    assert (by_name["merge"].by_seed, by_name["merge"].accuracy) == ([7 / 8, 1.0], 15 / 16)
    assert by_name["base"].by_seed == [0.25]
    merge = [[1.0] * 7 + [0.0], [1.0] * 8]
    base = [[1.0] * 2 + [0.0] * 6]
    expected = difference_over_seeds(merge, base, range(8))
    assert not isinstance(expected, Undefined)
    found = by_name["merge"].to_base
    assert found is not None
    assert (found.value, found.interval) == (expected.difference, expected.interval)
    assert (by_name["merge"].next_best, by_name["base"].next_best) == (Recipe.GBA, None)
    assert by_name["base"].to_base is None
    assert sum(by_name["gba"].by_specialty.values()) == 3.0  # of four specialties: 1, 1, 1/2, 1/2
    experts = {one.specialty: one for one in report.experts}
    assert set(experts) == set(SPECIALTIES)
    assert (experts["adult_medicine"].accuracy, experts["adult_medicine"].of_base) == (1.0, 0.5)
    whole = by_name["merge"].compute
    assert whole.sequences == by_name["gba"].compute.sequences == by_name["sft_all"].compute.sequences
    assert by_name["average"].compute == Compute(8, 32, 0.0)
    assert by_name["base"].compute == Compute()
    PipelineStep.objects.filter(kind="evaluation", recipe="grpo", seed=2).update(evaluation=None)
    partial = recipe_report(compared)
    assert partial is not None
    assert partial.missing == [Recipe.GRPO]
    assert Recipe.GRPO not in {line.recipe for line in partial.recipes}


def test_rewards_and_judges_are_compared_over_seeds(cast: Cast) -> None:
    votes = scoring.preferences(cast)
    pipeline = making.started(cast, kind="comparison", seeds=[1, 2], preferences=votes)
    assert recipe_report(pipeline) is None
    making.go_through(pipeline, right)
    for run in Run.objects.filter(stage="gba", settings__start_from__isnull=True):
        for step, reward in enumerate([0.2, 0.4, 0.6, 0.8 + 0.1 * run.seed], 1):
            RunEvent.objects.create(
                run=run, sequence=9 + step, kind="step", step=step, data={"reward": reward}
            )
    for run in Run.objects.filter(stage="judge_sft"):
        card = {"metrics": {"held_out_accuracy": 0.75 + 0.05 * run.seed, "held_out_accuracy_of_base": 0.5}}
        ProducedModel.objects.filter(run=run).update(card=card)
    report = recipe_report(pipeline)
    assert report is not None
    gba = next(one for one in report.rewards if one.name == "GBA")
    assert gba.before == pytest.approx(0.2)
    assert gba.by_seed == pytest.approx([0.7, 0.8])
    (judge,) = report.judges
    assert judge.before == 0.5
    assert judge.after == pytest.approx(0.825)
    assert judge.difference.value == pytest.approx(0.325)
    told = report_json(report)
    assert told["judges"][0]["low"] < 0.325 < told["judges"][0]["high"]


def _check_page_and_file(compared: Pipeline, cast: Cast) -> None:
    """They state the figures and what equal means."""
    client = Client()
    client.force_login(cast.lena)
    page = " ".join(client.get(f"/s/chest/pipelines/{compared.pk}/").content.decode().split())
    assert "GRPO from base" in page
    assert "+68.8" in page
    assert "SFT on all and GRPO from the base train as many sequences as all experts and GBA together" in page
    assert "the merge took 48 sequences a seed, SFT on all 1.00 times as many and GRPO from base 1.00" in page
    answer = client.get(f"/s/chest/pipelines/{compared.pk}/report/")
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="chest-pipeline-{compared.pk}.json"'
    )
    told = json.loads(answer.content)["report"]
    assert told["recipes"][0]["recipe"] == "merge"
    assert told["recipes"][0]["to_base"]["difference"] == pytest.approx(0.6875)


def test_one_model_is_compared_with_its_base_under_its_one_seed(cast: Cast) -> None:
    pipeline = making.started(cast)
    making.go_through(pipeline, right)
    report = recipe_report(pipeline)
    assert report is not None
    merge = report.recipes[0]
    assert merge.to_base is not None
    assert merge.to_base.value == pytest.approx(5 / 8)
    assert not isinstance(merge.to_base.interval, Undefined)  # over questions alone
    assert report.missing == []
