"""The project's addresses and one screen for the test kind."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from consilium.people.permissions import Standing
from consilium.urls import urlpatterns as project
from consilium.workqueue.models import Claim
from consilium.workqueue.views import work_screen

handler500 = "dashboard.views.server_error"


@work_screen
def screen(request: HttpRequest, claim: Claim, standing: Standing) -> HttpResponse:
    return render(request, "work_test/screen.html", {"claim": claim})


urlpatterns = [*project, path("test-work/<uuid:token>/", screen, name="test-work")]
