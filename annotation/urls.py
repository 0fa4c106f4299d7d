"""Addresses of this room."""

from django.urls import path

from annotation.views import compare

app_name = "annotation"
urlpatterns = [
    path("compare/<uuid:token>/", compare.compare, name="compare"),
    path("adjudicate/<uuid:token>/", compare.adjudicate, name="adjudicate"),
    path("adjudicate/<uuid:token>/blind/", compare.blind, name="blind"),
]
