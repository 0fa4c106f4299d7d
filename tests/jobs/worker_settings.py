"""Settings of the real processes that the worker tests start."""

from consilium.settings import *  # noqa: F403
from consilium.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.demo"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
