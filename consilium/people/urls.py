"""Addresses of the people room."""

from django.urls import path

from consilium.people import views

app_name = "people"
urlpatterns = [
    path("join/<str:token>/", views.join, name="join"),
    path("accounts/people/", views.accounts, name="accounts"),
    path("accounts/people/<int:pk>/active/", views.set_active, name="set-active"),
    path("s/<slug:study>/take-part/", views.take_part, name="take-part"),
    path("s/<slug:study>/withdraw/", views.withdraw, name="withdraw"),
    path("s/<slug:study>/members/", views.members, name="members"),
    path("s/<slug:study>/members/<int:pk>/remove/", views.remove_member, name="remove-member"),
    path("s/<slug:study>/settings/", views.settings, name="settings"),
    path("s/<slug:study>/guidelines/", views.guidelines, name="guidelines"),
]
