"""Addresses of this room."""

from django.urls import path

from consilium.jobs import views

app_name = "jobs"
urlpatterns = [
    path("jobs/<uuid:pk>/progress/", views.progress, name="progress"),
    path("jobs/<uuid:pk>/cancel/", views.cancel, name="cancel"),
]
