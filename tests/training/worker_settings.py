"""Settings of a worker process that works on the database and folders of a running test."""

import os

from consilium.settings import *  # noqa: F403
from consilium.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
