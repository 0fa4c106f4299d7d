"""Addresses of this room."""

from django.urls import path

from consilium.inference import entry_views, views

app_name = "calls"
urlpatterns = [
    path("models/shared/", views.shared, name="shared"),
    path("models/shared/<int:pk>/end/", views.unshare, name="unshare"),
    path("models/registry/", entry_views.site_entries, name="site-entries"),
    path("models/registry/new/", entry_views.new_entry, name="new-entry"),
    path("models/registry/<str:key>/", entry_views.edit_entry, name="edit-entry"),
    path("models/registry/<str:key>/restore/", entry_views.restore_shipped, name="restore-entry"),
    path("s/<slug:study>/models/registry/", entry_views.entries, name="entries"),
    path("s/<slug:study>/models/registry/<str:key>/", entry_views.entry, name="entry"),
    path("s/<slug:study>/models/", views.endpoints, name="endpoints"),
    path("s/<slug:study>/models/add/remote/", views.add_remote, name="add-remote"),
    path("s/<slug:study>/models/add/local/", views.add_local, name="add-local"),
    path("s/<slug:study>/models/<int:pk>/retire/", views.retire, name="retire"),
]
