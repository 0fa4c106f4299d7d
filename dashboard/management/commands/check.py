"""`manage.py check`: Django's checks, then which walls stand around the process that decodes uploads."""

from typing import Any

from django.core.management.commands import check

from dashboard.decoder_report import decoder_report


class Command(check.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not options["list_tags"]:
            report = decoder_report()
            self.stdout.write("\n".join(filter(None, [report.verdict, *report.walls, report.todo])))
