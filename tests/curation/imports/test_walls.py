"""Where the decoder is not walled off, an import waits with its files; an operator can sign for it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from consilium.jobs.models import PATIENCE, Job
from consilium.jobs.run import run_now
from consilium.refusals import Refused
from curation.imaging.walls import Wall
from curation.imports import run, uploads
from curation.imports.uploads import Upload
from curation.models import Image, Import
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.denied_calls import NO_WALLS, deny


@pytest.fixture
def _no_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, NO_WALLS)


@pytest.fixture
def batch(cast: Cast) -> Import:
    sent = [Upload("a.png", [making.png((250, 0, 0))])]
    return run.start_import(study=cast.study, source=making.source(cast.study), files=sent, by=cast.lena)


def test_an_import_waits_with_its_files_and_goes_on_by_itself(
    cast: Cast, batch: Import, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, capture_logs() as lines:
        deny(patch, NO_WALLS)
        job = run_now(batch.job)
    assert (job.state, job.attempt, Image.objects.count()) == ("queued", 0, 0)
    assert "Images are not decoded on this server" in job.postponed_because
    assert "The uploaded files are kept, and the import goes on by itself." in job.postponed_because
    (line,) = [line for line in lines if line["event"] == "import.walls_missing"]
    assert (line["log_level"], line["missing"]) == ("error", "network,files,calls")
    run.sweep_uploads()
    (kept,) = uploads.upload_folder(job.params["area"]).iterdir()
    assert kept.read_bytes() == making.png((250, 0, 0))
    Job.objects.update(created_at=job.created_at - 2 * PATIENCE)
    client.force_login(cast.lena)
    page = client.get(reverse("jobs:progress", args=[job.pk])).content.decode()
    assert "This waits" in page
    assert "CONSILIUM_DECODE_WITHOUT=network,files,calls" in page
    assert "No worker has taken this job yet" not in page
    Job.objects.update(not_before=None)
    assert run_now(job).state == "succeeded"
    assert (Image.objects.count(), job.postponed_because) == (1, "")


@pytest.mark.usefixtures("_no_walls")
def test_an_operator_who_signs_has_images_decoded(batch: Import, settings: Any) -> None:
    settings.DECODE_WITHOUT = ["network", "files"]
    assert run_now(batch.job).state == "queued"
    settings.DECODE_WITHOUT = ["network", "files", "calls"]
    Job.objects.update(not_before=None)
    assert run_now(batch.job).state == "succeeded"
    assert Image.objects.count() == 1


@pytest.mark.usefixtures("_no_walls")
def test_a_command_ends_with_the_sentence(cast: Cast, tmp_path: Path) -> None:
    source = making.source(cast.study)
    (tmp_path / "a.png").write_bytes(making.png((1, 2, 3)))
    with pytest.raises(CommandError, match="Images are not decoded on this server") as ended:
        call_command("import", "chest", str(tmp_path))
    assert ended.value.returncode == 2
    with pytest.raises(Refused, match="not walled off"):
        run.look_at(study=cast.study, source=source, files=[Upload("a.png", [making.png((1, 2, 3))])])


def test_the_setting_takes_the_walls_names() -> None:
    from consilium.environment import EnvironmentRefused, read_words

    assert [wall.value for wall in Wall] == ["network", "files", "calls"]  # what the setting accepts
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("X", "files, calls")
        assert read_words("X", tuple(Wall)) == ["files", "calls"]
        patch.setenv("X", "all")
        with pytest.raises(EnvironmentRefused, match="X has 'all'; it takes network, files, calls"):
            read_words("X", tuple(Wall))
