"""Addresses of this room; without a provider in the settings each is a 404."""

from django.urls import path

from consilium.single_sign_on import views

app_name = "sign-on"
urlpatterns = [
    path("accounts/sign-on/", views.own, name="own"),
    path("accounts/sign-on/start/", views.start, name="start"),
    path("accounts/sign-on/callback/", views.callback, name="callback"),
    path("accounts/sign-on/bind/", views.bind, name="bind"),
    path("accounts/sign-on/release/", views.release, name="release"),
    path("accounts/sign-on/left/", views.left, name="left"),
    path("join/<str:token>/sign-on/", views.join, name="join"),
]
