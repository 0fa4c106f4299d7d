"""How the site itself stands, for operators: what is watched, and what to do where it is not well."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Tags, run_checks
from django.utils import timezone
from django.utils.timesince import timesince

from consilium.audit.models import AnchoredEnd
from consilium.audit.protection import CHECK_TAG, MIGRATIONS_TAG
from consilium.backups.schedule import BackupState, backup_state
from consilium.disk_space import DiskSpace, disk_space
from consilium.jobs.claim import due
from consilium.jobs.models import WatchedFigure
from consilium.jobs.notify import broker_answers
from consilium.jobs.watched_figures import CHAIN_BREAKS, DAMAGED_FILES, MISSING_TRIGGERS
from consilium.start import in_words
from dashboard.decoder_report import decoder_report

WELL, WATCH, ILL = "success", "warning", "danger"
WORDS: Final = {WELL: "Fine", WATCH: "Look at it", ILL: "Not well"}
# The daily check comes with the first tick of a day: two days without one mean that no worker runs.
CHECK_LATE: Final = timedelta(days=2)
QUEUE_LATE: Final = timedelta(minutes=10)
# The tags of this project's own checks.
DOCTOR: Final = (Tags.files, Tags.security, Tags.database, "broker", CHECK_TAG, MIGRATIONS_TAG)


@dataclass(frozen=True, slots=True)
class SitePart:
    """One part of the site. `tone` is a key of WORDS; `todo` is empty where there is nothing to do."""

    name: str
    tone: str
    says: str
    todo: str = ""

    @property
    def word(self) -> str:
        """The tone in words."""
        return WORDS[self.tone]


def site_parts() -> list[SitePart]:
    """Every part that is watched: one query or two each, and one question to the broker."""
    kept = {figure.name: figure for figure in WatchedFigure.objects.all()}
    return [
        _backups(backup_state()),
        *_daily_check(kept),
        _anchors(),
        _disk(disk_space()),
        _workers(),
        _decoder(),
    ]


def doctor_findings() -> Iterator[str]:
    """What `manage.py check --deploy` says of this web process, a sentence or two each; grave ones first."""
    found = run_checks(tags=DOCTOR, include_deployment_checks=True, databases=["default"])
    yield from (in_words(message) for message in sorted(found, key=_gravity) if _is_ours(message))


def _gravity(message: CheckMessage) -> int:
    return -message.level


def _is_ours(message: CheckMessage) -> bool:
    # Django's own advice about deployment is met by settings or by the proxy, and said by `check --deploy`.
    return str(message.id).startswith("consilium.")


def _backups(state: BackupState) -> SitePart:
    name = "Backups"
    if state.failure:
        return SitePart(name, ILL, f"The last one failed. {_last('Made', state.last)}", state.failure)
    if state.missing:
        says = f"{_last('Made', state.last)} It lacks {state.missing} stored files."
        return SitePart(name, ILL, says, "Restore them from an older backup, then make a new one.")
    if not state.is_scheduled:
        todo = "Set CONSILIUM_BACKUPS to a folder on another disk or host, then they come by themselves."
        return SitePart(name, ILL if state.last is None else WATCH, _last("Made", state.last), todo)
    every = f"One every {state.hours:g} hours."
    if state.is_late:
        return SitePart(name, ILL, f"{_last('Made', state.last)} {every}", "Look whether a worker runs.")
    return SitePart(name, WELL, f"{_last('Made', state.last)} {every}")


def _daily_check(kept: dict[str, WatchedFigure]) -> Iterator[SitePart]:
    questions = (
        (DAMAGED_FILES, "Stored files", "missing or damaged", "Run manage.py blobs mend with a backup."),
        (CHAIN_BREAKS, "The record", "breaks", "Run manage.py verify_audit: it names each break."),
        (MISSING_TRIGGERS, "Append-only tables", "protections missing", "Run manage.py migrate."),
    )
    for figure, name, what, todo in questions:
        found = kept.get(figure)
        if found is None:
            yield SitePart(
                name, WATCH, "Never checked.", "A worker checks once a day: look whether one runs."
            )
        elif found.figure:
            yield SitePart(name, ILL, f"{found.figure} {what}. {_last('Checked', found.changed_at)}", todo)
        elif found.changed_at < timezone.now() - CHECK_LATE:
            yield SitePart(name, WATCH, _last("Checked", found.changed_at), "Look whether a worker runs.")
        else:
            yield SitePart(name, WELL, f"Whole. {_last('Checked', found.changed_at)}")


def _anchors() -> SitePart:
    newest = AnchoredEnd.objects.order_by("-at").values_list("at", flat=True).first()
    if settings.SECOND_ANCHORS is None:
        todo = "Set CONSILIUM_ANCHORS to a folder on another host's disk: who can write here can cut both."
        return SitePart(
            "Anchors of the record", WATCH, f"{_last('Written', newest)} Kept in one place.", todo
        )
    return SitePart("Anchors of the record", WELL, f"{_last('Written', newest)} Kept in two places.")


def _disk(space: DiskSpace) -> SitePart:
    tone = ILL if space.is_short else WATCH if space.is_low else WELL
    todo = "Free some space: uploads and exports stop first, votes last." if space.is_low else ""
    return SitePart("Disk of the data folder", tone, f"{space} is free.", todo)


def _workers() -> SitePart:
    name = "Jobs"
    if not broker_answers():
        return SitePart(name, ILL, "The broker does not answer: jobs wait.", "Start it; nothing is lost.")
    oldest = due().order_by("created_at").values_list("not_before", "created_at").first()
    since = (oldest[0] or oldest[1]) if oldest else None
    if since is None:
        return SitePart(name, WELL, "No job waits.")
    says = f"The oldest waits since {timesince(since)}."
    is_late = since < timezone.now() - QUEUE_LATE
    return SitePart(name, WATCH if is_late else WELL, says, "Look whether a worker runs." if is_late else "")


def _decoder() -> SitePart:
    report = decoder_report()
    tone = ILL if not report.decodes else WATCH if report.missing else WELL
    return SitePart("Decoding of uploads", tone, f"{report.verdict} {' '.join(report.walls)}", report.todo)


def _last(did: str, at: datetime | None) -> str:
    if at is None:
        return f"Never {did.lower()}."
    return f"{did} {timesince(at)} ago." if at < timezone.now() - timedelta(minutes=1) else f"{did} just now."
