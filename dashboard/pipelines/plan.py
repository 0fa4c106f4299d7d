"""Which steps a pipeline is made of, and which wait for which. Pure data: nothing is read or stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dashboard.models import Recipe, StepKind
from training.job.spec import CANDIDATES, FROM_BASE, NEUTRAL
from training.models import Stage
from training.stage_settings import defaults_of

# Stage to its settings.
SettingsByStage = Mapping[str, Mapping[str, Any]]
# Base + uniform mean of the experts' deltas: what GBA starts from.
_MEAN: Final[dict[str, Any]] = {"method": "linear", "scale": 1.0}
JUDGES: Final = (Stage.JUDGE_SFT, Stage.JUDGE_DPO)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A run or an evaluation that is to come; `needs` are the positions of others, counted from 1."""

    kind: StepKind
    recipe: Recipe | None = None
    stage: Stage | None = None
    specialty: str = ""
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    needs: tuple[int, ...] = ()


class _Plan:
    """Steps in the order in which they were added."""

    def __init__(self, specialties: Sequence[str], settings: SettingsByStage, has_dev: bool) -> None:
        self.steps: list[PlannedStep] = []
        self._specialties, self._settings, self._has_dev = specialties, settings, has_dev

    def add(self, step: PlannedStep) -> int:
        """Its position."""
        self.steps.append(step)
        return len(self.steps)

    def train(
        self,
        stage: Stage,
        seed: int,
        recipe: Recipe | None = None,
        needs: Sequence[int] = (),
        specialty: str = "",
        **changes: Any,
    ) -> int:
        """A run of the stage with the chosen settings and what the recipe changes of them."""
        chosen = {**self._settings.get(stage, {}), **changes}
        return self.add(PlannedStep(StepKind.RUN, recipe, stage, specialty, seed, chosen, tuple(needs)))

    def score(
        self, recipe: Recipe | None, seed: int = 0, model: int | None = None, specialty: str = ""
    ) -> int:
        """The answers of the model that a step makes; of the base without one."""
        needs = () if model is None else (model,)
        step = PlannedStep(StepKind.EVALUATION, recipe, specialty=specialty, seed=seed, needs=needs)
        return self.add(step)

    def experts(self, seed: int) -> list[int]:
        """One run for each specialty."""
        return [self.train(Stage.DSA, seed, specialty=name) for name in self._specialties]

    def score_experts(self, seed: int, experts: Sequence[int]) -> None:
        """The answers of each expert."""
        for name, model in zip(self._specialties, experts, strict=True):
            self.score(None, seed, model, name)

    def merge(self, seed: int, parts: Sequence[int]) -> int:
        """Candidates where there are dev questions to choose by, else one merge as the settings say."""
        changes = {"method": CANDIDATES} if self._has_dev else {}
        return self.train(Stage.MERGE, seed, Recipe.MERGE, parts, **changes)

    def setting(self, stage: Stage, name: str) -> Any:
        """What the stage will take."""
        return self._settings.get(stage, {}).get(name, defaults_of(stage)[name])


def whole_plan(
    specialties: Sequence[str], settings: SettingsByStage, seed: int, *, has_dev: bool
) -> list[PlannedStep]:
    """An expert for each specialty, GBA on them, the merge, and the scores of base and merge."""
    plan = _Plan(specialties, settings, has_dev)
    experts = plan.experts(seed)
    reinforced = plan.train(Stage.GBA, seed, Recipe.GBA, experts)
    merged = plan.merge(seed, [*experts, reinforced])
    plan.score(Recipe.BASE)
    plan.score(Recipe.MERGE, seed, merged)
    return plan.steps


def comparison_plan(
    specialties: Sequence[str],
    settings: SettingsByStage,
    seeds: Sequence[int],
    *,
    has_dev: bool,
    has_preferences: bool,
) -> list[PlannedStep]:
    """The seven recipes and the experts under each seed, what they share made once; the two judges where
    there is something to learn from.

    SFT on all and GRPO from the base wait for experts and GBA: they train as many sequences as those did
    together (`compute.equal_steps`).
    """
    plan = _Plan(specialties, settings, has_dev)
    plan.score(Recipe.BASE)
    for seed in seeds:
        _recipes(plan, seed)
        if has_preferences:
            for stage in JUDGES:
                plan.train(stage, seed)
    return plan.steps


def _recipes(plan: _Plan, seed: int) -> None:
    experts = plan.experts(seed)
    reinforced = plan.train(Stage.GBA, seed, Recipe.GBA, experts)
    parts = [*experts, reinforced]
    rollouts = plan.setting(Stage.GBA, "rollouts") * len(plan.setting(Stage.GBA, "paradigms"))
    stock = {"start_from": FROM_BASE, "paradigms": [NEUTRAL], "rollouts": rollouts}
    made = {
        Recipe.AVERAGE: plan.train(Stage.MERGE, seed, Recipe.AVERAGE, experts, **_MEAN),
        Recipe.GBA: reinforced,
        Recipe.GBA_LB0: plan.train(Stage.GBA, seed, Recipe.GBA_LB0, experts, between_weight=0.0),
        Recipe.MERGE: plan.merge(seed, parts),
        Recipe.SFT_ALL: plan.train(Stage.DSA, seed, Recipe.SFT_ALL, parts),
        Recipe.GRPO: plan.train(Stage.GBA, seed, Recipe.GRPO, parts, **stock),
    }
    plan.score_experts(seed, experts)
    for recipe, model in made.items():
        plan.score(recipe, seed, model)
