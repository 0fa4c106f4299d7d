"""While the disk runs out: leads and operators are told, what takes room stops, votes go on."""

import uuid
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotation.models import Vote
from consilium import disk_space
from consilium.disk_space import DiskShort, DiskSpace
from curation.imports.uploads import Upload, receive
from curation.models import Export, Import, Release
from curation.releases.export import start_export, write_export
from tests.factories import annotation as making
from tests.factories import curation as curating
from tests.factories.cast import Cast
from tests.factories.world import make_world
from tests.harness.disks import small_disk

Usage = namedtuple("Usage", "total used free")
Leave = Callable[[float], None]


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Leave:
    """Sets the free share of the disk."""

    def free(share: float) -> None:
        found = Usage(10**13, int(10**13 * (1 - share)), int(10**13 * share))
        monkeypatch.setattr("shutil.disk_usage", lambda path: found)

    return free


def page_of(person: Any, address: str) -> str:
    client = Client()
    client.force_login(person)
    return client.get(address, follow=True).content.decode()


@pytest.mark.parametrize(("free", "told"), [(0.11, ""), (0.09, "stop at 5%"), (0.04, "have stopped")])
def test_leads_and_operators_are_told(cast: Cast, leave: Leave, free: float, told: str) -> None:
    leave(free)
    for person, advice in ((cast.lena, "Tell the operator."), (cast.otto, "Free some space.")):
        page = page_of(person, "/")
        assert ("disk is nearly full" in page) is bool(told)
        if told:
            assert f"Uploads and exports {told}; votes are still taken. {advice}" in page
    for person in (cast.anna, cast.rosa):
        assert "disk is nearly full" not in page_of(person, "/")


def test_at_five_percent_uploads_are_refused_and_leave_nothing(
    cast: Cast, leave: Leave, settings: Any, tmp_path: Path
) -> None:
    settings.CONSILIUM_HOME = tmp_path
    source = curating.source(cast.study)
    client = Client()
    client.force_login(cast.lena)
    before = sorted(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())
    for free, status in ((0.049, 507), (0.051, 302)):
        leave(free)
        sent = {"source": source.pk, "uploads": [SimpleUploadedFile("a.dcm", b"x" * 100_000)]}
        answer = client.post(reverse("curation:new-import", args=["chest"]), sent)
        assert answer.status_code == status
        if status == 507:
            assert "nearly full: 5% (" in answer.content.decode()
            assert "Nothing was stored." in answer.content.decode()
            assert sorted(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == before
            assert not Import.objects.exists()
    leave(0.049)
    with pytest.raises(DiskShort):
        receive([Upload("a.dcm", [b"x"])])


def test_at_five_percent_exports_are_refused(cast: Cast, leave: Leave, tmp_path: Path) -> None:
    release = Release.objects.get(pk=make_world(cast).arguments["curation:release"]["pk"])
    leave(0.049)
    client = Client()
    client.force_login(cast.lena)
    address = reverse("curation:export-release", args=["chest", release.pk])
    before = Export.objects.count()
    told = client.post(address, {"layout": "hub"}, follow=True).content.decode()
    assert "uploads and exports stop at 5%" in told
    with pytest.raises(DiskShort):
        start_export(release=release, by=cast.lena)
    with pytest.raises(DiskShort):
        write_export(release, tmp_path / "export")
    assert Export.objects.count() == before
    assert not (tmp_path / "export").exists()


def test_votes_are_taken_whatever_the_disk_has_left(cast: Cast, leave: Leave) -> None:
    making.opened(cast)
    leave(0.001)
    claim = making.claim(cast.study, cast.ben)
    client = Client()
    client.force_login(cast.ben)
    body = {"content": making.content(), "key": str(uuid.uuid4()), "active_seconds": 3, "base_version": 0}
    assert client.post(f"/work/{claim.token}/submit/", body, "application/json").status_code == 200
    assert Vote.objects.count() == 1


def test_the_room_of_a_real_disk_is_seen(settings: Any, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=10) as disk:
        settings.CONSILIUM_HOME = disk.place
        seen = []
        for megabytes in (9, 0.8, 0.3):
            disk.leave(megabytes)
            space = disk_space.disk_space()
            seen.append((space.is_low, space.is_short))
    assert seen == [(False, False), (True, False), (True, True)]
    assert str(DiskSpace(free=3 << 30, total=60 << 30)) == "5% (3.0 GiB)"
