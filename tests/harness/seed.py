"""Rows for an installation under test, stored by its own process: `python -m tests.harness.seed votes 12`.

Several steps in one process: `people , votes 12`.
"""

import os
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import django

STUDY = "chest"


def make_people() -> None:
    """The cast of tests/factories/cast.py, with the password that tests/path/drive.py types."""
    from tests.factories import cast
    from tests.path.drive import PASSWORD

    cast.PASSWORD = PASSWORD
    cast.make_cast_for_logins()


def votes(count: str) -> None:
    """Cases to vote on."""
    from annotation.pairing import open_comparison_round
    from consilium.people.models import Person, Study
    from tests.factories.annotation import answered

    study = Study.objects.get(slug=STUDY)
    answered(study, int(count))
    open_comparison_round(study=study, name="Round 1", by=Person.objects.get(username="lena"))


def traces(count: str, url: str) -> None:
    """Questions that wait for traces, and a model behind an address."""
    from consilium.people.models import Study
    from tests.factories import curation as making

    study = Study.objects.get(slug=STUDY)
    study.settings_data |= {"trace_samples": 1}
    study.save()
    source = making.source(study, "To be traced")
    for number in range(int(count)):
        making.question(study, source, 1000 + number)  # beside those of `votes`
    making.endpoint("teacher", base_url=url, study=study)


def preferences(cases: str, url: str, judges: str) -> None:
    """A frozen preference release, and judges behind an address."""
    from consilium.people.models import Person, Study
    from tests.factories import benchmark as making

    who = SimpleNamespace(study=Study.objects.get(slug=STUDY), lena=Person.objects.get(username="lena"))
    making.preferences(who, "A" * int(cases))  # type: ignore[arg-type]
    for number in range(int(judges)):
        making.endpoint(f"judge-{number}", base_url=url, study=who.study)


def taught_judges(cases: str, *releases: str) -> None:
    """Frozen preference releases of patients of their own, and the tiny judges of the models folder."""
    from consilium.inference.endpoints import add_endpoint
    from consilium.people.models import Person, Study
    from tests.factories import benchmark as making

    study, lena = Study.objects.get(slug=STUDY), Person.objects.get(username="lena")
    study.settings_data |= {"answer_tokens_max": 64}
    study.save()
    who = SimpleNamespace(study=study, lena=lena)
    for seed, name in enumerate(releases, 31):
        making.teaching_preferences(who, int(cases), name, seed)  # type: ignore[arg-type]
    for name in ("judge_careful", "judge_hasty"):
        add_endpoint(name=f"tiny {name}", by=lena, path=f"tiny/{name}", family="tiny", study=study)


def pipeline_ground(traces: str, questions: str) -> None:
    """What a pipeline reads: traces of two specialties, test and dev questions, and the tiny base."""
    from consilium.inference.endpoints import add_endpoint
    from consilium.people.models import Person, Study
    from tests.factories import benchmark, training

    study, lena = Study.objects.get(slug=STUDY), Person.objects.get(username="lena")
    study.settings_data |= {"answer_tokens_max": 64}
    study.save()
    who = SimpleNamespace(study=study, lena=lena)
    training.trace_release(study, lena, count=int(traces))
    benchmark.questions(who, int(questions), "Test")  # type: ignore[arg-type]
    benchmark.questions(who, int(questions), "Dev", seed=13, split="dev")  # type: ignore[arg-type]
    add_endpoint(name="tiny base", by=lena, path="tiny/base", family="tiny", study=study)


def answers() -> None:
    """The teaching set: a checked trace per training question, two answers per test question."""
    from consilium.people.models import Study
    from curation.models import Question, Use
    from curation.states import TraceState
    from tests.factories import curation as making
    from tests.factories.annotation import MODELS, response

    study = Study.objects.get(slug=STUDY)
    study.settings_data |= {"quiet_hours": 0}
    study.save()
    teaching = Question.objects.filter(source__is_synthetic=True)
    for question in teaching.filter(cluster__use=Use.TRAIN):
        making.trace(question, making.endpoint(study=study), TraceState.CHECKED)
    for question in teaching.filter(cluster__use=Use.TEST):
        for name in MODELS:
            model = making.endpoint(name, family=name, study=study)
            response(question, model, f"The field is plain.\n\nAnswer: {'AB'[name == MODELS[0]]}")


def models() -> None:
    """A finished run and an evaluation, as a worker would have left them."""
    from consilium.people.models import Person, Study
    from curation.models import Release, ReleaseKind
    from tests.factories.world import make_models

    who = SimpleNamespace(study=Study.objects.get(slug=STUDY), lena=Person.objects.get(username="lena"))
    make_models(who, Release.objects.get(kind=ReleaseKind.TRACES))  # type: ignore[arg-type]


def manage(*words: str) -> None:
    """A management command that must succeed: several in one process save a start each."""
    from django.core.management import call_command

    call_command(*words)


STEPS: dict[str, Callable[..., None]] = {
    "people": make_people,
    "votes": votes,
    "traces": traces,
    "preferences": preferences,
    "taught_judges": taught_judges,
    "pipeline_ground": pipeline_ground,
    "answers": answers,
    "models": models,
    "manage": manage,
}


def main(*words: str) -> None:
    """Run steps on the data folder in CONSILIUM_HOME."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    assert Path(os.environ["CONSILIUM_HOME"]).is_dir()
    django.setup()
    for _, step in groupby(words, lambda word: word == ","):
        name, *values = step
        if name != ",":
            STEPS[name](*values)


if __name__ == "__main__":
    main(*sys.argv[1:])
