"""A data folder and a models folder of one test alone, and a tiny base in it."""

from tests.training.conftest import base, direct, home

__all__ = ["base", "direct", "home"]
