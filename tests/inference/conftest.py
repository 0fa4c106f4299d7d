"""A real vision-language model, tiny and untrained, for the tests that serve one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from consilium.inference import model_server
from tests.harness import once
from tests.harness.forked import run_python, trainers

BUILD = """
import sys
from pathlib import Path
from tests.factories.hub_folders import NAMED, write_hub_folder
from training.demo_models import corpus, model, teaching_set
shared = Path(sys.argv[1])
if not (shared / "model").exists():
    processor = model.build_processor(corpus.vocabulary(teaching_set.make(40, seed=0)))
    model.save(model.build_model(processor, 0), processor, shared / "model")
for kind in NAMED:
    write_hub_folder(shared / "hub" / kind, kind)
"""


@pytest.fixture(scope="session")
def built_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model`, untrained (the training tests', where they came first), and `hub`, its kinds."""
    folder = tmp_path_factory.mktemp("models") / "built"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with once.held(tmp_path_factory, "untrained") as shared:
        if not (shared / "hub").exists():
            run_python(["-c", BUILD, str(shared)], env=environment, by=trainers).check_returncode()
        shutil.copytree(shared, folder)
    return folder


@pytest.fixture
def tiny(built_models: Path) -> Iterator[str]:
    """The model's name inside the models folder of this test run."""
    folder = settings.MODELS_FOLDER / "tiny"
    shutil.copytree(built_models / "model", folder)
    yield "tiny"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """Nothing is left running after the tests of a module."""
    yield
    model_server.stop()
