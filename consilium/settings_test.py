"""Settings of the test suite: a throw-away data folder, fast password hashes, plain static files."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="consilium-test-")
os.environ["CONSILIUM_HOME"] = _home
atexit.register(shutil.rmtree, _home, ignore_errors=True)

from consilium.settings import *  # noqa: E402, F403
from consilium.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
if "postgresql" not in DATABASES["default"]["ENGINE"]:
    # A file, as in life: in memory, SQLite shares one cache between threads and refuses instead of waiting.
    DATABASES["default"]["TEST"] = {"NAME": f"{_home}/test.sqlite3"}
STATIC_ROOT.mkdir()  # whitenoise warns about a missing folder, and warnings are errors here
# Servers of tests listen where the system puts them.
MODEL_HOSTS = ["127.0.0.1:1-65535", "localhost:1-65535"]
