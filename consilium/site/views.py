"""Home pages."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    """Where a person lands after login."""
    return render(request, "site/home.html")


@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """Whether the web process answers; says nothing about what is inside."""
    return JsonResponse({"ok": True})
