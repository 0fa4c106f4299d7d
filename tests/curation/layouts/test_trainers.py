"""TRL's own trainers take a step on the exported tables as they are."""

import json
import os
from pathlib import Path

import pytest

from curation.releases.export import write_export
from tests.factories import releases as making
from tests.factories.cast import Cast
from tests.harness import once
from tests.harness.forked import run_python, trainers


def test_each_trainer_of_trl_takes_a_step_on_its_table(
    cast: Cast, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from django.db import transaction

    folders = []
    for make in (making.traces, making.preferences):
        with transaction.atomic():  # each in an empty study
            release = make(cast)
            folders.append(write_export(release, tmp_path / make.__name__, layout="trl"))
            transaction.set_rollback(True)
    base = once.tiny_models(tmp_path_factory, "base") / "base"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    words = ["-m", "tests.curation.layouts.trainers", str(base), *map(str, folders), str(tmp_path)]
    done = run_python(words, env=environment, by=trainers)
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads((tmp_path / "told.json").read_text())
    assert set(told) == {"sft", "grpo", "dpo", "reward"}
    assert told["sft"] > 0
    assert told["dpo"] > 0
    assert told["reward"] > 0
