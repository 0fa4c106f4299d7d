"""Where a run lives on disk: under the models folder, so that what it produces can be served."""

import fcntl
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from consilium.atomic_folder import remove_folder
from consilium.inference.models import ModelEndpoint
from curation.models import Release
from curation.releases.withdrawn_images import withdrawn_images
from training.job.kept_samples import SAMPLES
from training.models import Run

RUNS = "runs"
_RUN = re.compile(r"run-(?P<pk>[0-9]{1,18})(/.*)?", re.DOTALL)


def relative(run: Run) -> str:
    """The run's folder, relative to the models folder."""
    return f"{RUNS}/run-{run.pk}"


def folder(run: Run) -> Path:
    """The run's folder."""
    return Path(settings.MODELS_FOLDER) / relative(run)


def study_of(rest: str) -> int | None:
    """The key of the study whose run fills a folder, given its path under RUNS; None where no run does."""
    found = _RUN.fullmatch(rest)
    return Run.objects.filter(pk=found["pk"]).values_list("study", flat=True).first() if found else None


def data_folder(digest: str) -> Path:
    """Where a release is laid out for training."""
    return Path(settings.CONSILIUM_HOME) / "datasets" / digest[:16]


def remove_data(release: Release) -> None:
    """Remove what was laid out of a release, and what was answered to it: an image of it is purged."""
    if release.digest:
        remove_folder(data_folder(release.digest))
    for run in Run.objects.filter(release=release):
        (folder(run) / SAMPLES).unlink(missing_ok=True)


def remove_purged_data() -> None:
    """Remove what this host laid out of releases of which an image was purged, perhaps by another host."""
    for laid_out in (Path(settings.CONSILIUM_HOME) / "datasets").glob("[!.]*"):
        for release in Release.objects.filter(digest__startswith=laid_out.name):
            if any(image.purged_at for image in withdrawn_images(release)):
                remove_data(release)


def base_folder(endpoint: ModelEndpoint) -> Path:
    """Where a local endpoint's weights lie."""
    return Path(settings.MODELS_FOLDER) / endpoint.path


def write_spec(place: Path, spec: dict[str, Any]) -> Path:
    """Write what a training process is asked for.

    Not as spec.json: the process keeps its own complete account of the run under that name.
    """
    path = place / "asked.json"
    path.write_text(json.dumps(spec, indent=1, sort_keys=True))
    return path


def hold(run: Run, wait: Callable[[], None]) -> int:
    """A file descriptor that locks the run's folder; the training process inherits it.

    While an earlier process of this run still lives, `wait` is called (it may raise to give up).
    """
    place = folder(run)
    place.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                wait()
            except BaseException:
                os.close(descriptor)
                raise
        else:
            return descriptor
