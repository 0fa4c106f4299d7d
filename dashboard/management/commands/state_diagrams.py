"""`manage.py state_diagrams`: write docs/states.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from dashboard.state_diagrams import page


class Command(BaseCommand):
    help = "Write docs/states.md from the state tables. With --check: exit 1 when it is out of date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(settings.BASE_DIR) / "docs" / "states.md"
        if not options["check"]:
            target.parent.mkdir(exist_ok=True)
            target.write_text(page())
        elif not target.exists() or target.read_text() != page():
            self.stderr.write("docs/states.md is out of date: run `python manage.py state_diagrams`.")
            raise SystemExit(1)
