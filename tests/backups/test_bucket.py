"""The backup of a site whose files lie in a bucket, and its way into another bucket."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from consilium.backups.back_up import back_up
from consilium.backups.restore import verify_backup
from consilium.blobs.blob_store import StoreAway
from consilium.blobs.object_store import ObjectStore
from consilium.blobs.site_store import object_store, site_store
from consilium.blobs.store import key_of, put
from tests.harness.object_store import StoreServer
from tests.path.drive import Installation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path: Path, settings: Any, store_server: StoreServer) -> Path:
    settings.CONSILIUM_HOME = tmp_path / "home"
    settings.CONSILIUM_HOME.mkdir()
    settings.OBJECT_STORE = store_server.address()
    return tmp_path / "home"


def test_a_backup_of_a_bucket_copies_what_is_new_and_comes_back_into_an_empty_one(
    home: Path, store_server: StoreServer, settings: Any, tmp_path: Path
) -> None:
    pixels = put(b"pixels", "image/png").sha256
    site_store().put("exports/one/data.jsonl", [b"{}"])
    site_store().put("uploads/import-x/00000", [b"an original, which no backup keeps"])
    first = back_up(tmp_path / "backups")
    assert (first.files, first.copied, first.missing) == (2, 2, ())
    more = put(b"more pixels", "image/png").sha256
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        second = back_up(tmp_path / "backups")
    assert (second.files, second.copied) == (3, 1)
    verify_backup(tmp_path / "backups")
    place = store_server.address()
    site = Installation(
        tmp_path / "new",
        DATABASE_URL="",
        BROKER_URL="",
        CONSILIUM_OBJECT_STORE=f"s3://{place.bucket}/{place.prefix}",
        CONSILIUM_OBJECT_STORE_ENDPOINT=place.endpoint,
        CONSILIUM_OBJECT_STORE_SECONDS=str(place.seconds),
    )
    bucket = object_store(place)
    bucket.put("exports/left/over", [b"x"])
    site.command("restore", str(tmp_path / "backups"), status=2)  # it mixes with nothing
    bucket.delete_tree("exports/")
    done = json.loads(site.command("restore", str(tmp_path / "backups"), "--json"))
    assert (done["files"], done.get("problems", [])) == (3, [])
    keys = {file.key for file in bucket.files("")}
    assert keys == {key_of(pixels), key_of(more), "exports/one/data.jsonl", "site.txt"}
    with bucket.open(key_of(more)) as file:
        assert file.read() == b"more pixels"


def test_a_store_that_goes_away_leaves_no_half_backup(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(b"pixels", "image/png")

    def away(self: ObjectStore, key: str) -> Any:
        raise StoreAway("gone")

    monkeypatch.setattr(ObjectStore, "open", away)
    with pytest.raises(StoreAway):
        back_up(tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir() if path.name != ".lock"] == []
