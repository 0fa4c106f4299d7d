"""Addresses of the training app."""

from django.urls import path

from training import views

app_name = "training"
urlpatterns = [
    path("s/<slug:study>/runs/", views.runs, name="runs"),
    path("s/<slug:study>/runs/launch/", views.launch, name="launch"),
    path("s/<slug:study>/runs/<int:pk>/", views.run, name="run"),
    path("s/<slug:study>/runs/<int:pk>/card/<slug:part>/", views.model_card, name="model-card"),
    path("s/<slug:study>/runs/<int:pk>/live/", views.live, name="live"),
]
