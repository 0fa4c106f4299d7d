"""What templates know of the ways in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def ways_in(request: HttpRequest) -> dict[str, Any]:
    """`sign_on` (SignOn or None), and whether passwords let people in."""
    return {"sign_on": settings.SIGN_ON, "password_login": settings.PASSWORD_LOGIN}
