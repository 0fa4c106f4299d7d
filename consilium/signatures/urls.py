"""Addresses of this room."""

from django.urls import path

from consilium.signatures import views

app_name = "signatures"
urlpatterns = [
    path("signing/end/", views.end, name="end"),
    path("s/<slug:study>/signing/<str:meaning>/", views.begin, name="begin"),
    path("s/<slug:study>/signing/<str:meaning>/confirm/", views.confirm, name="confirm"),
]
