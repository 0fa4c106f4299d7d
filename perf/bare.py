"""The product's addresses and one more: a view that only asks one row, behind the same middleware."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from consilium.people.models import Study
from consilium.urls import handler500
from consilium.urls import urlpatterns as own

__all__ = ["handler500", "urlpatterns"]


def bare(request: HttpRequest) -> JsonResponse:
    """One row by its key."""
    return JsonResponse({"study": Study.objects.get(pk=1).slug})


urlpatterns = [path("bare/", bare), *own]
