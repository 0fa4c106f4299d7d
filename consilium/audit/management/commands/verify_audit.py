"""`manage.py verify_audit`: recompute every audit chain; exit 1 when one was tampered with."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from consilium.audit.verifying import verify


class Command(BaseCommand):
    help = "Recompute the audit chains and compare them with the anchors. Exit 0: whole. Exit 1: broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print {events, breaks: [...]}")

    def handle(self, *args: Any, **options: Any) -> None:
        count, breaks = verify()
        if options["json"]:
            self.stdout.write(json.dumps({"events": count, "breaks": [asdict(found) for found in breaks]}))
        else:
            for found in breaks:
                self.stdout.write(f"{found.chain} event {found.sequence}: {found.problem}")
            self.stdout.write(f"{count} events read, {len(breaks)} breaks.")
        if breaks:
            raise SystemExit(1)
