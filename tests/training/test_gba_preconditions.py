"""The dev questions of a GBA run: which release may be named, and that the training process gets it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from consilium.inference.models import ModelEndpoint
from consilium.people.models import Person, Study
from consilium.refusals import Refused
from curation.models import Release, ReleaseKind
from curation.releases.freeze import freeze, withdraw_release
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.factories.curation import source
from training import run_folder
from training.forms import LaunchForm
from training.gba_preconditions import check_asked
from training.job.data import load_questions
from training.job.spec import parse_spec
from training.models import Run
from training.run_job import _write_spec


def questions(study: Study, by: Person, split: str = "dev") -> Release:
    """A frozen release of questions of one use; rows of questions have no reasoning."""
    if not study.sources.filter(name=making.SOURCE).exists():
        source(study, making.SOURCE)
    rows = []
    for item in making.items():
        content = {k: v for k, v in making.content(item, split).items() if k not in ("reasoning", "steps")}
        rows.append(making.new_row(content | {"id": f"question-{item.number}"}, item.image_png))
    name = f"Questions {split}"
    return freeze(study=study, kind=ReleaseKind.QUESTIONS, name=name, rows=rows, left_out={}, by=by)


def test_a_run_reads_the_dev_questions_that_it_names(cast: Cast, release: Release, home: Path) -> None:
    dev = questions(cast.study, cast.lena)
    questions(cast.study, cast.lena, "test")
    chosen = {"evaluate_every": 5, "evaluate_on": dev.digest, "start_from": "base"}
    check_asked(cast.study, release, "gba", chosen)
    run = making.run_of(cast.study, cast.lena)
    Run.objects.filter(pk=run.pk).update(
        stage="gba", release=release, release_digest=release.digest, settings=chosen
    )
    run.refresh_from_db()
    run_folder.folder(run).mkdir(parents=True)
    asked = json.loads(_write_spec(run).read_text())
    spec = parse_spec(asked)
    assert spec.questions is not None
    assert {one.id for one in load_questions(spec.questions)} == {f"question-{n}" for n in range(8)}
    field: Any = LaunchForm(study=cast.study, stage="gba").fields["gba-evaluate_on"]
    assert field.choices == [("", "none"), (dev.digest, str(dev))]


def test_a_run_that_evaluates_nothing_lays_no_questions_out(cast: Cast, release: Release, home: Path) -> None:
    dev = questions(cast.study, cast.lena)
    run = making.run_of(cast.study, cast.lena)
    settings = {"evaluate_on": dev.digest}
    Run.objects.filter(pk=run.pk).update(stage="gba", release=release, settings=settings)
    run.refresh_from_db()
    run_folder.folder(run).mkdir(parents=True)
    assert "questions" not in json.loads(_write_spec(run).read_text())


def test_other_releases_are_refused(cast: Cast, release: Release, base: ModelEndpoint) -> None:
    test = questions(cast.study, cast.lena, "test")
    dev = questions(cast.study, cast.lena)
    withdraw_release(release=dev, reason="a wrong label", by=cast.lena)
    named = "evaluate_on names no frozen release of dev questions of this study."
    for digest, reason in (
        (test.digest, named),
        (dev.digest, named),
        (release.digest, named),
        ("ab" * 32, named),
        ("", f"{release} holds no dev question. Choose a release of them in evaluate_on"),
    ):
        with pytest.raises(Refused, match=re.escape(reason)):
            check_asked(cast.study, release, "gba", {"evaluate_every": 5, "evaluate_on": digest})
