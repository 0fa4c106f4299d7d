"""Figures that outlive the process that found them: leases lost, what daily check and last backup found."""

from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from consilium.jobs.models import WatchedFigure

LEASES_LOST: Final = "leases_lost."
DAMAGED_FILES: Final = "daily.damaged_files"
CHAIN_BREAKS: Final = "daily.chain_breaks"
MISSING_TRIGGERS: Final = "daily.missing_triggers"
BACKUP_LACKS: Final = "backup.missing_files"


def count_one_more(name: str) -> None:
    """One more of what `name` counts, in the caller's transaction."""
    WatchedFigure.objects.get_or_create(name=name)
    WatchedFigure.objects.filter(name=name).update(figure=F("figure") + 1, changed_at=timezone.now())


def note_damaged(number: int) -> None:
    """So many stored files are damaged now; when the daily check ran last stays."""
    WatchedFigure.objects.filter(name=DAMAGED_FILES).update(figure=number)


def note_daily_check(*, damaged: int, breaks: int, unprotected: int) -> None:
    """What the daily check that ends now found: files, breaks in chains, triggers missing or altered."""
    found = {DAMAGED_FILES: damaged, CHAIN_BREAKS: breaks, MISSING_TRIGGERS: unprotected}
    with transaction.atomic():
        for name, figure in found.items():
            note_figure(name, figure)


def note_figure(name: str, figure: int) -> None:
    """What was found just now, in place of what was found before."""
    found = {"figure": figure, "changed_at": timezone.now()}
    WatchedFigure.objects.update_or_create(name=name, defaults=found)
