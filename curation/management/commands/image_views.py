"""`manage.py image_views`: who was shown which image on which day."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from curation.images.image_views import views_of

MOST = 1000


class Command(ReportingCommand):
    help = f"Who was shown an image, or what a person was shown: the newest {MOST}, one row per day."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--image", type=int, help="number of the image, as in its address")
        parser.add_argument("--person", help="user name")

    def perform(self, **options: Any) -> dict[str, Any]:
        found = views_of(image=options["image"], person=options["person"])
        shown = [
            {
                "day": view.day.isoformat(),
                "first at": f"{view.at:%H:%M}",
                "person": view.person.username,
                "study": view.image.study.slug,
                "image": view.image_id,
            }
            for view in found[:MOST]
        ]
        return {"views": shown}
