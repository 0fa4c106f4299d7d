"""What templates know of the ways in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from consilium.people.password_login import somebody_is_let_in


def ways_in(request: HttpRequest) -> dict[str, Any]:
    """`sign_on` (SignOn or None), and whether passwords let people in."""
    match = request.resolver_match
    is_open = settings.PASSWORD_LOGIN or (
        match is not None and match.view_name == settings.LOGIN_URL and somebody_is_let_in()
    )
    return {"sign_on": settings.SIGN_ON, "password_login": is_open}
