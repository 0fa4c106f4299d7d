"""Addresses of the benchmark app."""

from django.urls import path

from benchmark import views

app_name = "benchmark"
urlpatterns = [
    path("s/<slug:study>/leaderboard/", views.leaderboard, name="leaderboard"),
    path(
        "s/<slug:study>/leaderboard/<int:pk>/compute/", views.compute_leaderboard, name="compute-leaderboard"
    ),
    path("s/<slug:study>/leaderboard/launch/<str:kind>/", views.launch, name="launch"),
    path("s/<slug:study>/evaluations/<int:pk>/", views.evaluation, name="evaluation"),
]
