"""The person behind a request."""

from typing import cast

from django.http import HttpRequest

from consilium.people.models import Person


def signed_in(request: HttpRequest) -> Person:
    """The logged-in person; the login middleware has already turned everybody else away."""
    return cast("Person", request.user)
