"""The daily check, itself a job: stored files are re-hashed, the ends of the audit chains anchored."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection

from consilium.audit.anchors import anchor_chains
from consilium.audit.protection import faults
from consilium.audit.verify import verify_chains
from consilium.blobs.scrub import scrub
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.watched_figures import note_daily_check


def check_day(handle: JobHandle) -> dict[str, Any]:
    """Raises JobFailed, for the operator, when a file, a chain or a table's protection is damaged.

    Sessions that have expired go as well: nothing else removes them.
    """
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    events, breaks = verify_chains()
    handle.fence()
    lost = scrub(handle.check).damaged
    handle.fence()
    if not breaks:  # a broken chain must not become the anchor that later checks trust
        anchor_chains(cause="day")
    unprotected = faults(connection)
    note_daily_check(damaged=len(lost), breaks=len(breaks), unprotected=len(unprotected))
    if lost or breaks or unprotected:
        raise JobFailed(
            f"{len(lost)} stored files are missing or changed, {len(breaks)} breaks in the audit chains, "
            f"{len(unprotected)} triggers of append-only tables missing or altered. "
            "`manage.py verify_audit` names what is wrong with chains and triggers and says what to do; "
            "`manage.py blobs damaged` says where lost files are used, `blobs mend BACKUP` heals them."
        )
    return {"events": events, "damaged": 0}
