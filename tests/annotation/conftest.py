"""How a browser gets in as a person."""

from django.conf import settings
from django.test import Client

from consilium.people.models import Person
from tests.harness.playwright_api import Page


def log_in(page: Page, url: str, person: Person) -> None:
    """Give the browser the session of a person."""
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
