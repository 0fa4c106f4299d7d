"""Versions of the decoders: read while the child can still open files, remembered for later."""

from functools import cache
from importlib.metadata import version


@cache
def version_of(distribution: str) -> str:
    """Return the installed version of a distribution of DECODERS."""
    return version(distribution)
