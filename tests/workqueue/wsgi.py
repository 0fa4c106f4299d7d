"""The application of the browser tests: Consilium with the test kind."""

from tests.workqueue import race

race.start()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
