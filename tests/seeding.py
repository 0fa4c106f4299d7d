"""Rows for an installation under test, stored by a process of its own: `python -m tests.seeding votes 12`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import django

STUDY = "chest"


def make_people() -> None:
    """The cast of tests/cast.py, with the password that tests/path/driving.py types."""
    from tests import cast
    from tests.path.driving import PASSWORD

    cast.PASSWORD = PASSWORD
    cast.make_cast()


def votes(count: str) -> None:
    """Cases to vote on."""
    from annotation.pairing import open_comparison_round
    from consilium.people.models import Person, Study
    from tests.annotation.making import answered

    study = Study.objects.get(slug=STUDY)
    answered(study, int(count))
    open_comparison_round(study=study, name="Round 1", by=Person.objects.get(username="lena"))


def traces(count: str, url: str) -> None:
    """Questions that wait for traces, and a model behind an address."""
    from consilium.people.models import Study
    from tests.curation import making

    study = Study.objects.get(slug=STUDY)
    study.settings_data |= {"trace_samples": 1}
    study.save()
    source = making.source(study)
    for number in range(int(count)):
        making.question(study, source, number)
    making.endpoint("teacher", base_url=url, study=study)


STEPS: dict[str, Callable[..., None]] = {"people": make_people, "votes": votes, "traces": traces}


def main(step: str, *words: str) -> None:
    """Run one step on the data folder in CONSILIUM_HOME."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    assert Path(os.environ["CONSILIUM_HOME"]).is_dir()
    django.setup()
    STEPS[step](*words)


if __name__ == "__main__":
    main(*sys.argv[1:])
