"""A real vision-language model, tiny and untrained, for the tests that serve one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from consilium.inference import model_server
from tests.harness import once

BUILD = """
import sys
from pathlib import Path
from training.demo_models import corpus, model, teaching_set
processor = model.build_processor(corpus.vocabulary(teaching_set.make(40, seed=0)))
model.save(model.build_model(processor, 0), processor, Path(sys.argv[1]))
"""


@pytest.fixture(scope="session")
def built_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the untrained model (gemma3 architecture): the training tests', where they came first."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with once.held(tmp_path_factory, "untrained") as shared:
        if not (shared / "model").exists():
            command = [sys.executable, "-c", BUILD, str(shared / "model")]
            subprocess.run(
                command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True, timeout=120
            )
        shutil.copytree(shared / "model", folder)
    return folder


@pytest.fixture
def tiny(built_model: Path) -> Iterator[str]:
    """The model's name inside the models folder of this test run."""
    folder = settings.MODELS_FOLDER / "tiny"
    shutil.copytree(built_model, folder)
    yield "tiny"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """Nothing is left running after the tests of a module."""
    yield
    model_server.stop()
