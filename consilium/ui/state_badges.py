"""How each state name of the product looks: its words, tone and shape.

A state is told by its words first, then by the dot's shape (open: waits for somebody; moving: something is
working on it; full: reached), and only then by colour.
"""

from typing import NamedTuple


class Look(NamedTuple):
    """Words, tone (a `data-tone` of components.css) and dot shape ("open", "moving" or "full") of a state."""

    label: str
    tone: str
    shape: str


LOOKS: dict[str, Look] = {
    # image
    "uploaded": Look("Uploaded", "neutral", "open"),
    "quarantined": Look("Waits for pixel review", "warning", "full"),
    "reviewed": Look("Pixels reviewed", "success", "full"),
    "released": Look("Usable", "success", "full"),
    "refused": Look("Refused", "danger", "full"),
    "purged": Look("Purged", "neutral", "full"),
    # question
    "imported": Look("Imported", "neutral", "open"),
    "held": Look("Held: may name a person", "warning", "full"),
    "filtered": Look("Passed the filter", "info", "full"),
    "screened": Look("Screened", "info", "full"),
    "ready": Look("Ready", "success", "full"),
    "dropped": Look("Dropped", "neutral", "full"),
    # trace
    "generated": Look("Generated", "neutral", "open"),
    "checked": Look("Passed the checks", "info", "full"),
    "failed_check": Look("Failed a check", "danger", "full"),
    "not_selected": Look("Not selected", "neutral", "full"),
    "in_review": Look("In review", "accent", "open"),
    "accepted": Look("Accepted", "success", "full"),
    "edited": Look("Accepted with edits", "success", "full"),
    "rejected": Look("Rejected", "danger", "full"),
    "disputed": Look("Disputed", "warning", "full"),
    # case
    "draft": Look("Draft", "neutral", "open"),
    "open": Look("Open for votes", "accent", "open"),
    "quiet": Look("Quiet period", "info", "full"),
    "settled": Look("Settled", "success", "full"),
    "stalled": Look("Stalled", "danger", "full"),
    "excluded": Look("Excluded", "neutral", "full"),
    "pending": Look("Undecided", "neutral", "open"),
    # claim
    "assigned": Look("Prefetched", "neutral", "open"),
    "claimed": Look("In work", "accent", "open"),
    "submitted": Look("Submitted", "success", "full"),
    "postponed": Look("Postponed", "neutral", "open"),
    "skipped": Look("Skipped", "neutral", "full"),
    "expired": Look("Expired", "warning", "full"),
    "withdrawn": Look("Withdrawn", "warning", "full"),
    # release
    "freezing": Look("Freezing", "info", "moving"),
    "frozen": Look("Frozen", "success", "full"),
    # job
    "queued": Look("Queued", "neutral", "open"),
    "running": Look("Running", "info", "moving"),
    "succeeded": Look("Succeeded", "success", "full"),
    "failed": Look("Failed", "danger", "full"),
    "cancelled": Look("Cancelled", "neutral", "full"),
    # evaluation, beside those of a job
    "paused": Look("Paused", "warning", "open"),
    # pipeline, beside those of a job
    "completed": Look("Completed", "success", "full"),
    # push without a job
    "waiting": Look("Waits for a second lead", "warning", "open"),
    "declined": Look("Declined", "neutral", "full"),
    # model of the registry
    "answered": Look("Has an endpoint that answered", "success", "full"),
    "added": Look("Has an endpoint, not asked yet", "info", "full"),
    "unserved": Look("Known, not served here", "neutral", "open"),
    "unavailable": Look("Not available", "warning", "full"),
    # roles
    "annotator": Look("Annotator", "neutral", "full"),
    "adjudicator": Look("Adjudicator", "info", "full"),
    "lead": Look("Lead", "accent", "full"),
}


def look(state: str) -> Look:
    """The look of a state; a name nobody described is shown in plain words and neutral."""
    return LOOKS.get(state) or Look(state.replace("_", " ").capitalize(), "neutral", "full")
