"""WSGI entry point for gunicorn."""

import os

from django.core import checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
application = get_wsgi_application()

if errors := [found for found in checks.run_checks() if found.is_serious()]:
    raise SystemExit("The web process does not start:\n" + "\n".join(str(error) for error in errors))
