"""Addresses of the home pages."""

from django.urls import path

from dashboard import design_system, idle, views
from dashboard.metrics import views as metrics

app_name = "site"
urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("readyz", views.ready, name="ready"),
    path("metrics", metrics.show, name="metrics"),
    path("site/", views.site, name="state"),
    path("idle/stay/", idle.stay, name="idle-stay"),
    path("idle/leave/", idle.leave, name="idle-leave"),
    path("design/", design_system.show, name="design"),
    path("s/<slug:study>/", views.study, name="study"),
    path("s/<slug:study>/count/", views.count, name="count"),
    path("s/<slug:study>/record/", views.record, name="record"),
]
