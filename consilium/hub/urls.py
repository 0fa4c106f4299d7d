"""Addresses of this room."""

from django.urls import path

from consilium.hub import views

app_name = "hub"
urlpatterns = [
    path("hub/", views.token, name="token"),
    path("hub/check/", views.check, name="check-token"),
    path("hub/remove/", views.remove, name="remove-token"),
    path("s/<slug:study>/pushes/", views.pushes, name="pushes"),
    path("s/<slug:study>/pushes/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("s/<slug:study>/pushes/<int:pk>/decline/", views.decline, name="decline"),
    path("s/<slug:study>/pushes/<slug:kind>/<int:pk>/start/", views.start, name="start"),
]
