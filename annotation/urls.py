"""Addresses of this room."""

from django.urls import path

from annotation.views import agreement, cases, compare, rounds

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
    path("s/<slug:study>/agreement/", agreement.agreement, name="agreement"),
    path("s/<slug:study>/agreement/compute/", agreement.compute_agreement, name="compute-agreement"),
]
