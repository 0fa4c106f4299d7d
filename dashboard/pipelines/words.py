"""What people call a step."""

from consilium.people.models import Specialty
from dashboard.models import PipelineStep, Recipe, StepKind
from training.models import Stage

SPECIALTIES = dict(Specialty.choices)


def step_name(step: PipelineStep) -> str:
    """As it is named in a sentence or a list: "Expert pediatrics, seed 7"."""
    recipe = Recipe(step.recipe).label if step.recipe else ""
    if step.kind == StepKind.EVALUATION:
        name = f"Scoring {recipe}"
    elif step.recipe:
        name = recipe
    elif step.specialty:
        name = f"Expert {SPECIALTIES[step.specialty].lower()}"
    else:
        name = Stage(step.stage).label
    return name if step.recipe == Recipe.BASE else f"{name}, seed {step.seed}"
