"""What comes of an export whose process is killed, called off, or may not start: nothing, and a sentence."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from structlog.testing import capture_logs

from consilium.jobs.cancel import cancel
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from curation.gate.process import NOT_LOOKED_AT
from curation.models import Export, Release
from curation.releases.export import start_export, write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.gather import freeze_traces
from curation.releases.kept_exports import export_folder
from tests.curation.gate.conftest import Become
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.denied_calls import NO_WALLS, deny


@pytest.fixture(autouse=True)
def _no_earlier_exports(settings: Any) -> Iterator[None]:
    """Equal releases have equal folders: what another test exported would be taken for this one's."""
    exports = Path(settings.CONSILIUM_HOME) / "exports"
    shutil.rmtree(exports, ignore_errors=True)
    yield
    shutil.rmtree(exports, ignore_errors=True)


@pytest.fixture
def release(cast: Cast) -> Release:
    making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    return freeze_traces(study=cast.study, name="First", by=cast.lena)


def left_of(export: Export) -> list[Path]:
    """Whatever of an export, whole or not, is on the disk."""
    folder = export_folder(export)
    return [*folder.parent.glob(f"*{folder.name}*")]


@pytest.mark.parametrize("how", ["is killed", "says rubbish"])
def test_when_the_process_that_looks_is_killed_or_lies_nothing_is_there(
    release: Release, tmp_path: Path, become_hostile: Become, how: str
) -> None:
    become_hostile(how)
    with pytest.raises(ExportRefused) as refused:
        write_export(release, tmp_path / "out")
    assert str(refused.value) == NOT_LOOKED_AT.message
    assert list(tmp_path.iterdir()) == []


def test_an_export_whose_process_was_killed_fails_and_may_be_started_again(
    cast: Cast, release: Release, become_hostile: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = start_export(release=release, by=cast.lena)
    become_hostile("is killed")
    job = run_now(export.job)
    monkeypatch.undo()
    assert (job.state, job.error, left_of(export)) == ("failed", NOT_LOOKED_AT.message, [])
    assert run_now(start_export(release=release, by=cast.lena).job).state == "succeeded"


def test_calling_off_an_export_reaches_the_process_that_looks(
    cast: Cast, release: Release, become_hostile: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = become_hostile("falls silent")
    export = start_export(release=release, by=cast.lena)
    checks = JobHandle.check

    def check(handle: JobHandle) -> None:
        if started and not Job.objects.get(pk=handle.job.pk).cancel_requested:
            cancel(job=Job.objects.get(pk=handle.job.pk), by=cast.lena)
        handle.fence()
        checks(handle)

    monkeypatch.setattr(JobHandle, "check", check)
    job = run_now(export.job)
    assert (job.state, left_of(export)) == ("cancelled", [])
    assert not Path(f"/proc/{started[0]}").exists()


def test_an_export_waits_while_nothing_may_be_looked_at(
    cast: Cast, release: Release, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = start_export(release=release, by=cast.lena)
    with monkeypatch.context() as patch:
        deny(patch, NO_WALLS)
        with capture_logs() as lines:
            job = run_now(export.job)
        with pytest.raises(CommandError, match="Nothing is exported on this server") as ended:
            call_command("export", release.digest, str(tmp_path / "out"))
        settings.DECODE_WITHOUT = ["network", "files", "calls"]
        assert write_export(release, tmp_path / "signed").exists()
    assert (job.state, job.attempt, left_of(export)) == ("queued", 0, [])
    assert "Nothing is exported on this server" in job.postponed_because
    assert "The export goes on by itself." in job.postponed_because
    (line,) = [line for line in lines if line["event"] == "export.walls_missing"]
    assert line["missing"] == "network,files,calls"
    assert (ended.value.returncode, (tmp_path / "out").exists()) == (2, False)
    Job.objects.update(not_before=None)
    assert run_now(job).state == "succeeded"
