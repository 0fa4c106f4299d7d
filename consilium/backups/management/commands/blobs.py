"""`manage.py blobs damaged|scrub|mend BACKUP|move TARGET|empty TARGET`: the files that the site stores."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consilium.backups.mend import mend_from
from consilium.blobs.move import FOLDER, empty_store, move_files
from consilium.blobs.scrub import damages, scrub
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Stored files: what is damaged and where it is used, putting it back, moving all to another store."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        acts = parser.add_subparsers(dest="act", required=True)
        parts = {
            "damaged": "what is damaged, since when, and where it is used",
            "scrub": "read every file now and move what is damaged aside, as the daily check does",
            "mend": "put damaged files back from a backup",
            "move": "copy all files to the data folder or to a bucket, verified; repeat it at will",
            "empty": "delete the files from a store that the site no longer uses",
        }
        for name, text in parts.items():
            part = acts.add_parser(name, help=text)
            part.add_argument("--json", action="store_true", default=False)
            if name == "mend":
                part.add_argument("backup", type=Path, metavar="DIR|DIR/NAME|FILE.tar")
            if name in ("move", "empty"):
                part.add_argument("target", metavar=f"{FOLDER}|s3://BUCKET/PREFIX")

    def perform(self, **options: Any) -> dict[str, Any]:
        if options["act"] == "mend":
            done = mend_from(options["backup"])
            lacking = {"lacking": done.lacking, "ok": False} if done.lacking else {}
            return {"backup": done.backup, "mended": done.mended, **lacking}
        if options["act"] == "move":
            moved = move_files(options["target"])
            counts = {"copied": moved.copied, "bytes": moved.bytes, "there": moved.there}
            damaged = {"damaged": moved.damaged, "ok": False} if moved.damaged else {}
            return {**counts, "removed": moved.removed, "uploads_waiting": moved.uploads, **damaged}
        if options["act"] == "empty":
            return {"deleted": empty_store(options["target"])}
        found = scrub(lambda: None) if options["act"] == "scrub" else None
        listed = [damage.to_json() for damage in damages()]
        mended = {"mended": found.mended} if found else {}
        return {"damaged": listed, **mended, **({"ok": False} if listed else {})}
