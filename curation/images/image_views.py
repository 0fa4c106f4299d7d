"""Who was shown which image: one row for each person, image and day, written after the picture has gone out.

Not an event of the chain: a reader would lock the study's record for every picture, and votes wait for it.
The rows are append-only like votes.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from django.db import DatabaseError, models
from django.http import HttpResponse

from consilium.people.models import Person
from curation.models import Image, ImageView

log = structlog.get_logger(__name__)
MOST_REMEMBERED = 50_000
# What this process has written today: a viewer asks for many frames of one image.
_written: set[tuple[int, int, str]] = set()


class ShownPicture(HttpResponse):
    """A picture's bytes; `when_sent` is called once the server has sent them."""

    when_sent: Callable[[], None] | None = None

    def close(self) -> None:
        """The server calls this at the end of the answer."""
        if self.when_sent is not None:
            self.when_sent()
        super().close()


def note_when_sent(answer: ShownPicture, image: Image, person: Person) -> None:
    """Have the view put on record at the end of this answer, so that no picture waits for it."""
    answer.when_sent = partial(note_view, image=image.pk, person=person.pk)


def note_view(*, image: int, person: int) -> None:
    """Put on record that the person was shown the image today, once; a failure is logged, not raised."""
    now = datetime.now(UTC)
    key = (image, person, f"{now:%Y-%m-%d}")
    if key in _written:
        return
    row = ImageView(image_id=image, person_id=person, day=now.date(), at=now)
    try:
        ImageView.objects.bulk_create([row], ignore_conflicts=True)
    except DatabaseError as problem:
        log.error("image_view.not_stored", image=image, person=person, because=type(problem).__name__)
        return
    if len(_written) >= MOST_REMEMBERED:
        _written.clear()
    _written.add(key)


def views_of(*, image: int | None = None, person: str | None = None) -> "models.QuerySet[ImageView]":
    """The views of an image, of a person, or all, newest first."""
    wanted: dict[str, Any] = {"image": image, "person__username": person}
    given = {name: value for name, value in wanted.items() if value is not None}
    return ImageView.objects.filter(**given).select_related("person", "image__study").order_by("-at", "-pk")
