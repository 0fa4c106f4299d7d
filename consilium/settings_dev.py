"""Settings of `make dev`: the debug toolbar, templates read anew, static files straight from their folder."""

from typing import Any

from consilium.settings import *  # noqa: F403
from consilium.settings import INSTALLED_APPS, MIDDLEWARE, STORAGES, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE]
INTERNAL_IPS = ["127.0.0.1", "::1"]
ROOT_URLCONF = "consilium.urls_dev"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
_loaders = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
_engine: dict[str, Any] = TEMPLATES[0]
TEMPLATES = [{**_engine, "APP_DIRS": False, "OPTIONS": {**_engine["OPTIONS"], "loaders": _loaders}}]
