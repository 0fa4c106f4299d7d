"""WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

from consilium import kept_heap, start

kept_heap.loading_starts()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
with start.readable_environment("web process"):
    application = get_wsgi_application()
start.refuse_a_wrong_start("web process")
connections.close_all()  # with --preload the workers are forked from here, and share what stays
kept_heap.loading_ended()
