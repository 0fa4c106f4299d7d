"""Settings of the race and browser harness: the real databases, the test kind's screen, cheap passwords."""

from pathlib import Path

from consilium.settings import *  # noqa: F403
from consilium.settings import STORAGES, TEMPLATES

ROOT_URLCONF = "tests.workqueue.urls"
TEMPLATES = [
    {**TEMPLATES[0], "DIRS": [*TEMPLATES[0]["DIRS"], Path(__file__).parent / "templates"]}  # type: ignore[misc]
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
