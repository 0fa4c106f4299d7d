"""Addresses of the training app."""

from django.urls import path

from training.views import compare, launch, learned, probe, runs

app_name = "training"
urlpatterns = [
    path("s/<slug:study>/runs/", runs.runs, name="runs"),
    path("s/<slug:study>/runs/launch/", launch.launch, name="launch"),
    path("s/<slug:study>/runs/launch/data/", launch.launch_data, name="launch-data"),
    path("s/<slug:study>/runs/probe/", probe.probe, name="probe"),
    path("s/<slug:study>/runs/probe/<uuid:job>/", probe.estimate, name="estimate"),
    path("s/<slug:study>/runs/compare/", compare.compare, name="compare"),
    path("s/<slug:study>/runs/learned-from/", learned.learned_from, name="learned-from"),
    path("s/<slug:study>/runs/<int:pk>/learned/", learned.learned, name="learned"),
    path("s/<slug:study>/runs/<int:pk>/", runs.run, name="run"),
    path("s/<slug:study>/runs/<int:pk>/paradigms/", runs.paradigms, name="paradigms"),
    path("s/<slug:study>/runs/<int:pk>/card/<slug:part>/", runs.model_card, name="model-card"),
    path("s/<slug:study>/runs/<int:pk>/files/<slug:part>/", runs.download, name="download"),
    path("s/<slug:study>/runs/<int:pk>/resume/", runs.resume, name="resume"),
    path("s/<slug:study>/runs/<int:pk>/log/", runs.log, name="log"),
    path("s/<slug:study>/runs/<int:pk>/live/", runs.live, name="live"),
]
