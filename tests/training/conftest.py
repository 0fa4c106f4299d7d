"""One tiny base model per session, copied into the models folder of each test that trains."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from consilium.inference.models import ModelEndpoint
from curation.models import Release
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.harness import forked, once


@pytest.fixture(scope="session")
def direct(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The untrained model's folder, and the card of the quick run on it without the application around it."""
    place = tmp_path_factory.mktemp("direct")
    base = place / making.BASE
    card = making.train_directly(place, base)
    with once.held(tmp_path_factory, "untrained") as shared:
        shutil.copytree(base, shared / "model", dirs_exist_ok=True)
    return base, card


@pytest.fixture(scope="session")
def undisturbed(direct: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    """The card of the quick run, never interrupted."""
    return direct[1]


@pytest.fixture(autouse=True)
def _training_processes_are_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one that has imported what they need. Those of `direct` are fresh, and compared with."""
    monkeypatch.setattr(django_settings, "TRAINER", forked.trainers.command())


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    """A data folder and a models folder of this test alone."""
    settings.CONSILIUM_HOME = tmp_path
    settings.MODELS_FOLDER = tmp_path / "models"
    settings.MODELS_FOLDER.mkdir()
    return tmp_path


@pytest.fixture
def base(db: None, direct: tuple[Path, dict[str, Any]], home: Path) -> ModelEndpoint:
    """The endpoint of the base model, whose weights lie in the models folder."""
    shutil.copytree(direct[0], home / "models" / making.BASE)
    return making.base_endpoint()


@pytest.fixture
def release(cast: Cast, home: Path) -> Release:
    """Eight traces of two specialties, frozen."""
    return making.trace_release(cast.study, cast.lena)
