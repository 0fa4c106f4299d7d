"""One tiny base model per session, copied into the models folder of each test that trains."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from consilium.calls.models import ModelEndpoint
from curation.models import Release
from tests.cast import Cast
from tests.training import making


@pytest.fixture(scope="session")
def built_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the untrained model."""
    folder = tmp_path_factory.mktemp("tiny") / making.BASE
    making.build_base(folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed(built_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The card of the quick run without the application around it, never interrupted."""
    return making.train_directly(tmp_path_factory.mktemp("direct"), built_base)


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    """A data folder and a models folder of this test alone."""
    settings.CONSILIUM_HOME = tmp_path
    settings.MODELS_FOLDER = tmp_path / "models"
    settings.MODELS_FOLDER.mkdir()
    return tmp_path


@pytest.fixture
def base(db: None, built_base: Path, home: Path) -> ModelEndpoint:
    """The endpoint of the base model, whose weights lie in the models folder."""
    shutil.copytree(built_base, home / "models" / making.BASE)
    return making.base_endpoint()


@pytest.fixture
def release(cast: Cast, home: Path) -> Release:
    """Eight traces of two specialties, frozen."""
    return making.trace_release(cast.study, cast.lena)
