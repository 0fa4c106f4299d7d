"""Addresses of the home pages."""

from django.urls import path

from dashboard import design_system, idle, views
from dashboard.metrics import views as metrics
from dashboard.pipelines import views as pipelines

app_name = "site"
urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("readyz", views.ready, name="ready"),
    path("metrics", metrics.show, name="metrics"),
    path("site/", views.site, name="state"),
    path("idle/stay/", idle.stay, name="idle-stay"),
    path("idle/leave/", idle.leave, name="idle-leave"),
    path("design/", design_system.show, name="design"),
    path("s/<slug:study>/", views.study, name="study"),
    path("s/<slug:study>/count/", views.count, name="count"),
    path("s/<slug:study>/record/", views.record, name="record"),
    path("s/<slug:study>/pipelines/", pipelines.pipelines, name="pipelines"),
    path("s/<slug:study>/pipelines/new/", pipelines.new_pipeline, name="new-pipeline"),
    path("s/<slug:study>/pipelines/<int:pk>/", pipelines.pipeline, name="pipeline"),
    path("s/<slug:study>/pipelines/<int:pk>/live/", pipelines.pipeline_live, name="pipeline-live"),
    path("s/<slug:study>/pipelines/<int:pk>/report/", pipelines.pipeline_report, name="pipeline-report"),
    path("s/<slug:study>/pipelines/<int:pk>/resume/", pipelines.resume_steps, name="resume-pipeline"),
    path("s/<slug:study>/pipelines/<int:pk>/cancel/", pipelines.cancel_steps, name="cancel-pipeline"),
]
