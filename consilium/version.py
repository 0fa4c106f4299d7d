"""Which version of Consilium this is."""

import tomllib
from functools import cache

from django.conf import settings


@cache
def app_version() -> str:
    """The version written in pyproject.toml."""
    content = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(content)["project"]["version"])
