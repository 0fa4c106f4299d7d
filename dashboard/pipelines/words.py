"""What people call a step."""

from consilium.people.models import Specialty
from dashboard.models import PipelineKind, PipelineStep, Recipe, StepKind
from training.forms import TITLES
from training.models import Stage

SPECIALTIES = dict(Specialty.choices)


def step_name(step: PipelineStep) -> str:
    """As it is named in a sentence: "Expert pediatrics", in a comparison with the seed."""
    is_one_of_several = step.pipeline.kind == PipelineKind.COMPARISON and step.recipe != Recipe.BASE
    return f"{short_name(step)}, seed {step.seed}" if is_one_of_several else short_name(step)


def short_name(step: PipelineStep) -> str:
    """What it makes or scores, whatever the seed."""
    if step.recipe:
        name = Recipe(step.recipe).label
    elif step.specialty:
        name = f"Expert {SPECIALTIES[step.specialty].lower()}"
    else:
        name = TITLES[Stage(step.stage)]
    if step.kind == StepKind.RUN:
        return name
    return f"Scoring {name[:1].lower()}{name[1:]}" if step.specialty else f"Scoring {name}"
