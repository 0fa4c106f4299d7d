"""`python -m tests.web_server.fill`: a data folder with the cast, a source and the static files."""

import os

import django
from django.core.management import call_command

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    from tests.factories import curation
    from tests.factories.cast import make_cast_for_logins

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    curation.source(make_cast_for_logins().study)
