"""Addresses of this room: pages of a study's queue, and the calls of the browser module."""

from django.urls import path

from consilium.workqueue import api, views

app_name = "work"
urlpatterns = [
    path("s/<slug:study>/work/", views.queue, name="queue"),
    path("s/<slug:study>/work/<str:kind>/", views.finished, name="finished"),
    path("s/<slug:study>/work/<str:kind>/next/", views.take_next, name="next"),
    path("work/session/", api.session, name="session"),
    path("work/<uuid:token>/ahead/", api.ahead, name="ahead"),
    path("work/<uuid:token>/draft/", api.draft, name="draft"),
    path("work/<uuid:token>/finish/", api.finish, name="finish"),
    path("work/<uuid:token>/heartbeat/", api.heartbeat, name="heartbeat"),
    path("work/<uuid:token>/postpone/", api.postpone, name="postpone"),
    path("work/<uuid:token>/skip/", api.skip, name="skip"),
    path("work/<uuid:token>/submit/", api.submit, name="submit"),
]
