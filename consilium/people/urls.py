"""Addresses of the people room."""

from django.urls import path

from consilium.people import access_views, views
from consilium.people.second_factor import demanded

app_name = "people"
urlpatterns = [
    path("join/<str:token>/", views.join, name="join"),
    path("accounts/people/", views.accounts, name="accounts"),
    path("accounts/people/<int:pk>/active/", views.set_active, name="set-active"),
    path("accounts/people/links/<int:pk>/revoke/", views.revoke_reset, name="revoke-reset"),
    path("accounts/access/", access_views.notices, name="access-notices"),
    path("accounts/access/<int:pk>/acknowledge/", access_views.acknowledge_notice, name="acknowledge"),
    path("accounts/access/<int:pk>/confirm/", access_views.confirm_access, name="confirm"),
    path("accounts/access/<int:pk>/decline/", access_views.decline_access, name="decline"),
    path("accounts/second-factor/", demanded, name="second-factor"),
    path("accounts/break-glass/", access_views.glasses, name="break-glass"),
    path("accounts/break-glass/<int:pk>/end/", access_views.end_glass, name="end-break-glass"),
    path("s/<slug:study>/take-part/", views.take_part, name="take-part"),
    path("s/<slug:study>/withdraw/", views.withdraw, name="withdraw"),
    path("s/<slug:study>/members/", views.members, name="members"),
    path("s/<slug:study>/members/<int:pk>/remove/", views.remove_member, name="remove-member"),
    path(
        "s/<slug:study>/members/invitations/<int:pk>/revoke/",
        views.revoke_invitation,
        name="revoke-invitation",
    ),
    path("s/<slug:study>/settings/", views.settings, name="settings"),
    path("s/<slug:study>/guidelines/", views.guidelines, name="guidelines"),
]
