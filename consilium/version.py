"""Which version of Consilium this is."""

import os
import subprocess
import tomllib
from functools import cache

from django.conf import settings

GIT_SECONDS = 10.0


@cache
def app_version() -> str:
    """The version written in pyproject.toml."""
    content = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(content)["project"]["version"])


@cache
def code_commit() -> str:
    """The commit that this process runs, `-dirty` when files differ from it; empty where nobody can tell.

    CONSILIUM_COMMIT names it in an image, which holds no repository.
    """
    if named := os.environ.get("CONSILIUM_COMMIT", "").strip():
        return named[:64]
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            asked, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
