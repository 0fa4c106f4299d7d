"""A data folder and a models folder of one test alone."""

from tests.training.conftest import home

__all__ = ["home"]
