"""Addresses of this room."""

from django.urls import path

from annotation.views import agreement, cases, compare, label_studio, rounds

app_name = "annotation"
urlpatterns = [
    path("compare/<uuid:token>/", compare.compare, name="compare"),
    path("adjudicate/<uuid:token>/", compare.adjudicate, name="adjudicate"),
    path("adjudicate/<uuid:token>/blind/", compare.blind, name="blind"),
    path("s/<slug:study>/cases/", cases.cases, name="cases"),
    path("s/<slug:study>/cases/<int:pk>/", cases.case, name="case"),
    path("s/<slug:study>/cases/<int:pk>/exclude/", cases.exclude_case, name="exclude-case"),
    path("s/<slug:study>/rounds/", rounds.rounds, name="rounds"),
    path("s/<slug:study>/rounds/count/", rounds.count, name="count-progress"),
    path("s/<slug:study>/rounds/ask-models/", rounds.ask_models, name="ask-models"),
    path("s/<slug:study>/rounds/open/", rounds.open_round, name="open-round"),
    path("s/<slug:study>/rounds/<int:pk>/close/", rounds.close, name="close-round"),
    path("s/<slug:study>/label-studio/", label_studio.label_studio, name="label-studio"),
    path("s/<slug:study>/label-studio/connect/", label_studio.connect, name="connect-label-studio"),
    path("s/<slug:study>/label-studio/forget/", label_studio.forget, name="forget-label-studio"),
    path("s/<slug:study>/label-studio/push/", label_studio.push, name="push-tasks"),
    path("s/<slug:study>/label-studio/pull/", label_studio.pull, name="pull-annotations"),
    path("s/<slug:study>/label-studio/people/<int:pk>/", label_studio.name, name="name-label-studio-user"),
    path("s/<slug:study>/label-studio/tasks.json", label_studio.tasks_file, name="label-studio-tasks"),
    path("s/<slug:study>/label-studio/labels.xml", label_studio.config_file, name="label-studio-config"),
    path("s/<slug:study>/agreement/", agreement.agreement, name="agreement"),
    path("s/<slug:study>/agreement/compute/", agreement.compute_agreement, name="compute-agreement"),
]
