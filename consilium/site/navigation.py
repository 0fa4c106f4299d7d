"""What the frame of every page shows: the studies of the person and the places their role may visit."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/components/navigation.html: `navigation`, `current_study`, `my_studies`."""
    return {"navigation": [], "current_study": None, "my_studies": []}
