"""A site that really runs on a bucket: gunicorn forks its workers, and each reaches the store."""

from pathlib import Path

import pytest

from consilium.blobs.blob_store import RETRY_SECONDS
from consilium.blobs.object_store import PAUSE_SECONDS
from tests.harness.object_store import StoreServer, bad_way
from tests.harness.servers import wait_until
from tests.path.drive import PASSWORD, Person, running

FILL = f"""
from tests.factories import curation as making
from tests.factories.cast import make_cast
cast = make_cast()
making.image(cast.study, making.source(cast.study), 3)
for person in (cast.otto, cast.lena):
    person.set_password({PASSWORD!r})
    person.save()
"""
PICTURE = "/images/1/thumbnail.png"


@pytest.mark.soak
def test_forked_web_processes_serve_images_from_the_bucket_and_tell_when_it_is_away(
    store_server: StoreServer, tmp_path: Path
) -> None:
    place = store_server.address()
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with (
        bad_way(store_server) as way,
        running(
            home,
            DATABASE_URL="",
            BROKER_URL="",
            CONSILIUM_OBJECT_STORE=f"s3://{place.bucket}/{place.prefix}",
            CONSILIUM_OBJECT_STORE_ENDPOINT=f"http://127.0.0.1:{way.port}",
            CONSILIUM_OBJECT_STORE_SECONDS="1",
        ) as site,
    ):
        site.command("setup")
        site.script(FILL)
        assert not (home / "blobs").exists()
        site.start()
        operator, lead = Person(site, "otto"), Person(site, "lena")
        assert operator.get("/readyz").json()["store"] is True
        for _ in range(20):
            assert lead.get(PICTURE).content.startswith(b"\x89PNG")
        way.mode = "closed"
        assert lead.get(PICTURE, 503).headers["Retry-After"] == str(RETRY_SECONDS)
        told = operator.get("/readyz").json()
        assert (told["ready"], told["store"]) == (True, False)
        way.mode = ""
        seconds = 10 * PAUSE_SECONDS
        wait_until(lambda: operator.get("/readyz").json()["store"], seconds=seconds, what="the store answers")
        lead.get(PICTURE)
