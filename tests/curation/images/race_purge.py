"""Purges while another study stores images of equal pixels: run as a module, it prints JSON.

CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
"""

import json
import os
import random
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import django

from tests.harness.races import at_once

if TYPE_CHECKING:
    from tests.factories.cast import Cast

PICTURES = 24
# How long a store waits between its files and its row, so that each step of a purge falls in between.
LONGEST = 0.08


def prepare() -> "Cast":
    from django.core.management import call_command

    from curation.images.pixel_review import withdraw_image
    from tests.factories import curation as making
    from tests.factories.cast import make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    of = making.source(cast.study)
    making.source(cast.other_study, "Theirs")
    for number in range(PICTURES):
        image = making.image(cast.study, of, number)
        withdraw_image(image=image, reason="A name.", by=cast.lena)
    return cast


def purge_each(cast: "Cast", both: threading.Barrier) -> None:
    from consilium.jobs.run import run_now
    from curation.images.purge import refused_images, start_purge

    for image in list(refused_images(cast.study).order_by("pk")):
        both.wait(60)
        job = run_now(start_purge(study=cast.study, image=image, by=cast.lena, reason="A name."))
        assert job.state == "succeeded", job.error_detail


def store_each(cast: "Cast", both: threading.Barrier) -> None:
    """As an import does: the files first, then the row that holds them, again where a purge was faster."""
    from django.db import transaction

    from consilium.blobs.store import keep_stored, put
    from curation.models import Image, Source
    from tests.factories import curation as making

    of, rng = Source.objects.get(study=cast.other_study), random.Random(7)
    for number in range(PICTURES):
        both.wait(60)
        content = making.png((number % 256, 40, number // 256))
        while not Image.objects.filter(study=cast.other_study, rows=1000 + number).exists():
            blob = put(content, "image/png")
            time.sleep(rng.uniform(0, LONGEST))  # the test is not of time: a purge runs meanwhile
            with transaction.atomic():
                if keep_stored([blob.sha256]):
                    key: dict[str, Any] = {"group_key": blob.sha256, "defaults": {"use": "train"}}
                    cluster, _ = of.study.clusters.get_or_create(**key)
                    Image.objects.create(
                        study=cast.other_study,
                        source=of,
                        cluster=cluster,
                        state="released",
                        pixel_sha256=blob.sha256,
                        source_sha256=blob.sha256,
                        kind="colour",
                        rows=1000 + number,
                        columns=32,
                        frame_blobs=[blob.sha256],
                        model_blobs=[blob.sha256],
                        thumbnail_blob=blob.sha256,
                    )


def findings(cast: "Cast") -> list[str]:
    from consilium.blobs.models import Blob
    from consilium.blobs.store import damaged_blobs
    from curation.models import Image
    from tests.harness.stored import path_of

    wrong = [f"{sha256[:8]} is damaged" for sha256 in damaged_blobs(lambda: None)]
    for image in Image.objects.filter(study=cast.other_study):
        (sha256,) = set(image.blobs)
        if not path_of(sha256).exists() or Blob.objects.get(pk=sha256).purged_at:
            wrong.append(f"{image} lost its file")
    states = set(Image.objects.filter(study=cast.study).values_list("state", flat=True))
    return wrong + ([f"left: {states}"] if states != {"purged"} else [])


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    cast = prepare()
    both = threading.Barrier(2)
    failures = at_once([lambda: purge_each(cast, both), lambda: store_each(cast, both)])
    sys.stdout.write(json.dumps({"failures": failures, "findings": findings(cast)}))


if __name__ == "__main__":
    main()
