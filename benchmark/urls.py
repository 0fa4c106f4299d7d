"""Addresses of the benchmark app."""

from django.urls import path

from benchmark import batch_views, card_views, contamination_views, solver_views, views
from benchmark.report import case_views
from benchmark.report import views as report_views

app_name = "benchmark"
urlpatterns = [
    path("s/<slug:study>/leaderboard/", views.leaderboard, name="leaderboard"),
    path(
        "s/<slug:study>/leaderboard/<int:pk>/compute/", views.compute_leaderboard, name="compute-leaderboard"
    ),
    path("s/<slug:study>/leaderboard/<int:pk>/report/", report_views.report, name="report"),
    path(
        "s/<slug:study>/leaderboard/<int:pk>/report/compute/",
        report_views.compute_report,
        name="compute-report",
    ),
    path("s/<slug:study>/leaderboard/<int:pk>/report/cases/", case_views.cases, name="report-cases"),
    path("s/<slug:study>/leaderboard/<int:pk>/report/cases/<str:row>/", case_views.case, name="report-case"),
    path("s/<slug:study>/leaderboard/<int:pk>/report/files.zip", report_views.take, name="report-files"),
    path("s/<slug:study>/leaderboard/<int:pk>/report/<slug:part>/", report_views.report, name="report-part"),
    path("s/<slug:study>/leaderboard/<int:pk>/solvers/", solver_views.solvers, name="solver-slices"),
    path(
        "s/<slug:study>/leaderboard/<int:pk>/shared/<int:endpoint>/",
        contamination_views.shared_data,
        name="shared-data",
    ),
    path("s/<slug:study>/leaderboard/launch/<str:kind>/", views.launch, name="launch"),
    path("s/<slug:study>/leaderboard/launch/<str:kind>/estimate/", views.estimate, name="estimate"),
    path("s/<slug:study>/evaluations/being-scored/", batch_views.being_scored, name="being-scored"),
    path("s/<slug:study>/evaluations/batch/<uuid:batch>/", batch_views.launched, name="batch"),
    path("s/<slug:study>/evaluations/batch/<uuid:batch>/live/", batch_views.batch_live, name="batch-live"),
    path(
        "s/<slug:study>/evaluations/batch/<uuid:batch>/<slug:action>/",
        batch_views.batch_act,
        name="batch-act",
    ),
    path("s/<slug:study>/evaluations/<int:pk>/", views.evaluation, name="evaluation"),
    path("s/<slug:study>/evaluations/<int:pk>/card.json", card_views.take_card, name="run-card"),
    path("s/<slug:study>/evaluations/<int:pk>/recheck/", card_views.recheck, name="recheck"),
    path("s/<slug:study>/evaluations/<int:pk>/live/", views.live, name="live"),
    path("s/<slug:study>/evaluations/<int:pk>/pause/", views.pause, name="pause"),
    path("s/<slug:study>/evaluations/<int:pk>/resume/", views.resume, name="resume"),
    path("s/<slug:study>/evaluations/<int:pk>/give-up/", views.give_up, name="give-up"),
]
