"""Addresses of this room."""

from django.urls import path

from curation.views import datasheet, files, images, imports, questions, releases, texts, traces

app_name = "curation"
urlpatterns = [
    path("images/<int:pk>/manifest.json", files.image_manifest, name="image-manifest"),
    path("images/<int:pk>/frames/<int:number>.bin", files.image_frame, name="image-frame"),
    path("images/<int:pk>/thumbnail.png", files.image_thumbnail, name="image-thumbnail"),
    path("review/<uuid:token>/", traces.review, name="review"),
    path("s/<slug:study>/images/", images.images, name="images"),
    path("s/<slug:study>/images/<int:pk>/", images.image, name="image"),
    path("s/<slug:study>/images/<int:pk>/withdraw/", images.withdraw, name="withdraw-image"),
    path("s/<slug:study>/images/<int:pk>/purge/", images.purge, name="purge-image"),
    path("s/<slug:study>/images/purge/", images.purge_all, name="purge-images"),
    path("s/<slug:study>/pixel-review/", images.pixel_reviews, name="pixel-reviews"),
    path("s/<slug:study>/pixel-review/<int:pk>/", images.pixel_review, name="pixel-review"),
    path("s/<slug:study>/pixel-review/<int:pk>/sign/", images.sign, name="sign-pixels"),
    path("s/<slug:study>/imports/", imports.imports, name="imports"),
    path("s/<slug:study>/imports/new/", imports.new_import, name="new-import"),
    path("s/<slug:study>/imports/<int:pk>/", imports.one_import, name="import"),
    path("s/<slug:study>/imports/<int:pk>/seen/", imports.seen, name="seen-import"),
    path("s/<slug:study>/sources/new/", imports.source, name="new-source"),
    path("s/<slug:study>/sources/<int:pk>/", imports.source, name="source"),
    path("s/<slug:study>/questions/", questions.questions, name="questions"),
    path("s/<slug:study>/questions/open/", questions.open_all, name="open-questions"),
    path("s/<slug:study>/questions/<int:pk>/", questions.question, name="question"),
    path("s/<slug:study>/questions/<int:pk>/drop/", questions.drop, name="drop-question"),
    path("s/<slug:study>/questions/<int:pk>/purge/", questions.purge, name="purge-question"),
    path("s/<slug:study>/texts/", texts.texts, name="texts"),
    path("s/<slug:study>/texts/harmless/", texts.harmless, name="harmless-text"),
    path("s/<slug:study>/traces/", traces.traces, name="traces"),
    path("s/<slug:study>/traces/start/", traces.start, name="start-tracing"),
    path("s/<slug:study>/traces/open-round/", traces.open_round, name="open-reviews"),
    path("s/<slug:study>/traces/<int:pk>/", traces.trace, name="trace"),
    path("s/<slug:study>/traces/<int:pk>/settle/", traces.settle_trace, name="settle-trace"),
    path("s/<slug:study>/releases/", releases.releases, name="releases"),
    path("s/<slug:study>/releases/new/", releases.new_release, name="new-release"),
    path("s/<slug:study>/releases/<int:pk>/", releases.release, name="release"),
    path("s/<slug:study>/releases/<int:pk>/verify/", releases.check, name="verify-release"),
    path("s/<slug:study>/releases/<int:pk>/sign/", releases.sign, name="sign-release"),
    path("s/<slug:study>/releases/<int:pk>/withdraw/", releases.withdraw, name="withdraw-release"),
    path("s/<slug:study>/releases/<int:pk>/export/", releases.export, name="export-release"),
    path("s/<slug:study>/releases/<int:pk>/datasheet/", datasheet.datasheet, name="datasheet"),
    path(
        "s/<slug:study>/releases/<int:pk>/datasheet/compute/",
        datasheet.compute_datasheet,
        name="compute-datasheet",
    ),
    path("s/<slug:study>/exports/<int:pk>/download/", releases.download, name="download-export"),
]
