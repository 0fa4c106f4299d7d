"""Addresses of this room."""

from django.urls import path

from consilium.inference import views

app_name = "calls"
urlpatterns = [
    path("models/shared/", views.shared, name="shared"),
    path("models/shared/<int:pk>/end/", views.unshare, name="unshare"),
    path("s/<slug:study>/models/", views.endpoints, name="endpoints"),
    path("s/<slug:study>/models/add/remote/", views.add_remote, name="add-remote"),
    path("s/<slug:study>/models/add/local/", views.add_local, name="add-local"),
    path("s/<slug:study>/models/<int:pk>/retire/", views.retire, name="retire"),
]
