"""`manage.py check`: Django's checks, the object store, the walls around what decodes uploads."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import check

from consilium.start import in_words
from dashboard.checks import check_store
from dashboard.decoder_report import decoder_report


class Command(check.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not options["list_tags"]:
            found = check_store(None, databases=["default"])
            self.stdout.writelines(in_words(message) for message in found if not message.is_serious())
            if refused := [in_words(message) for message in found if message.is_serious()]:
                raise CommandError(refused[0])
            report = decoder_report()
            self.stdout.write("\n".join(filter(None, [report.verdict, *report.walls, report.todo])))
