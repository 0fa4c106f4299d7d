"""Kills a purge at its 1st, 2nd, ... step until it gets through, each time at a new image, and lets the next
try finish: run as a module, it prints JSON. CONSILIUM_HOME says where (empty), EVERY which steps."""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from consilium.jobs.models import Job
    from curation.models import Image
    from tests.factories.cast import Cast


def refused(cast: "Cast", number: int) -> "Image":
    """An image of two files of its own and one that a usable image has too."""
    from consilium.blobs.store import put
    from curation.images.pixel_review import withdraw_image
    from curation.models import Source
    from tests.factories import curation as making

    of = Source.objects.get(study=cast.study)
    image, usable = making.image(cast.study, of, number), making.image(cast.study, of, 1000 + number)
    own = [put(f"{part} of {number}".encode(), "image/png").sha256 for part in ("frame", "picture")]
    image.frame_blobs, image.model_blobs = [own[0], usable.thumbnail_blob], [own[1]]
    image.thumbnail_blob = ""
    image.save()
    return withdraw_image(image=image, reason="A name.", by=cast.lena)


def kill_at(step: int) -> None:
    """End this process at its `step`-th step: before and after everything that leaves a trace."""
    from pathlib import Path

    from consilium.blobs import folder_store
    from consilium.blobs import purge as store
    from curation.images import purge

    left = step

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*args: Any, **kwargs: Any) -> Any:
            count()
            done = act(*args, **kwargs)
            count()
            return done

        return acting

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for module, names in (
        (store, ("_mark", "_delete")),
        (folder_store, ("sync",)),
        (purge, ("remove_copies", "transition")),
    ):
        for name in names:
            setattr(module, name, counted(getattr(module, name)))
    Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]


def run_and_die(job: "Job", step: int) -> bool:
    """Run the job in a child that is killed at the step; whether it was."""
    from django.db import connections

    from consilium.jobs.run import run_now

    connections.close_all()
    if child := os.fork():
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    kill_at(step)
    run_now(job)
    os._exit(0)


def findings(image: "Image") -> list[str]:
    from consilium.audit.models import AuditEvent
    from consilium.blobs.models import Blob
    from tests.harness.stored import path_of

    image.refresh_from_db()
    frame, shared = image.frame_blobs
    own = [frame, *image.model_blobs]
    events = AuditEvent.objects.filter(action="image.purged", object_id=str(image.pk))
    checks = {
        "not purged": image.state != "purged",
        "a file is left": any(path_of(sha256).exists() for sha256 in own),
        "a file has no mark": Blob.objects.filter(pk__in=own, purged_at=None).exists(),
        "a shared file is gone": not path_of(shared).exists(),
        "a shared file is marked": Blob.objects.get(pk=shared).purged_at is not None,
        "not one event": events.count() != 1,
        "the proof names others": [event.data["files"] for event in events] != [sorted(own)],
    }
    return [f"image {image.pk}: {what}" for what, is_so in checks.items() if is_so]


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from consilium.audit.verify import verify_chains
    from consilium.blobs.store import damaged_blobs
    from consilium.jobs.models import Job
    from consilium.jobs.reaper import requeue_lost
    from consilium.jobs.run import run_now
    from curation.images.purge import start_purge
    from tests.factories import curation as making
    from tests.factories.cast import make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    making.source(cast.study)
    kills, wrong, is_killed = 0, [], True
    while is_killed:
        image = refused(cast, kills)
        job = start_purge(study=cast.study, image=image, by=cast.lena, reason="A name.")
        is_killed = run_and_die(job, 1 + kills * int(os.environ["EVERY"]))
        kills += is_killed
        wrong += [f"{sha256[:8]} is missed" for sha256 in damaged_blobs(lambda: None)]
        # A second ago: SQLite's own clock tells milliseconds, and the same one is not yet over.
        ended = timezone.now() - timedelta(seconds=1)
        Job.objects.filter(pk=job.pk, state="running").update(lease_until=ended)
        requeue_lost()
        run_now(Job.objects.get(pk=job.pk))
        wrong += findings(image)
    wrong += [str(fault) for fault in verify_chains()[1]]
    sys.stdout.write(json.dumps({"kills": kills, "findings": wrong}))


if __name__ == "__main__":
    main()
