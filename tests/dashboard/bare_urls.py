"""The site's addresses and a view that does next to nothing: the measure of what a request costs."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from consilium import urls as site
from consilium.people.models import Study

handler500 = site.handler500


def bare(request: HttpRequest) -> HttpResponse:
    """All of the middleware, a login, one query."""
    return HttpResponse(Study.objects.get(slug="chest").name)


urlpatterns = [path("bare/", bare, name="bare"), *site.urlpatterns]
