"""The tiny models of the path tests: built once per session, copied into each installation."""

import os
import shutil
from pathlib import Path

import pytest

from tests.harness import once

TINY = ("base", "teacher", "second", "judge_hasty")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five tiny models, made by the product's own builder; CONSILIUM_TEST_MODELS: a folder to reuse."""
    if ready := os.environ.get("CONSILIUM_TEST_MODELS"):
        return Path(ready)
    return once.tiny_models(tmp_path_factory, *TINY)


@pytest.fixture
def home(tmp_path: Path, tiny_models: Path) -> Path:
    """An empty data folder that holds nothing but the tiny models."""
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    shutil.copytree(tiny_models, place / "models" / "tiny")
    return place
