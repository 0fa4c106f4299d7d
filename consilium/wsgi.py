"""WSGI entry point for gunicorn."""

import os

from django.core import checks
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
application = get_wsgi_application()

if errors := [found for found in checks.run_checks(databases=list(connections)) if found.is_serious()]:
    raise SystemExit("The web process does not start:\n" + "\n".join(str(error) for error in errors))
connections.close_all()
