"""The life of a claim: one person's hold on one work item."""

from django.db import models

from consilium.states.tables import StateTable, arrow


class ClaimState(models.TextChoices):
    """Where a claim stands."""

    ASSIGNED = "assigned", "Prefetched"
    CLAIMED = "claimed", "In work"
    SUBMITTED = "submitted", "Submitted"
    POSTPONED = "postponed", "Postponed"
    SKIPPED = "skipped", "Skipped"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


WORKERS = ("annotator", "adjudicator", "lead")

CLAIM_STATES = StateTable(
    name="claim",
    initial=ClaimState.CLAIMED,
    states={
        ClaimState.ASSIGNED: "prefetched for a person, not yet opened",
        ClaimState.CLAIMED: "open in front of a person",
        ClaimState.SUBMITTED: "finished; its submission is stored",
        ClaimState.POSTPONED: "put off by the person; comes back at the end of the queue",
        ClaimState.SKIPPED: "refused by the person with a reason, for good",
        ClaimState.EXPIRED: "no heartbeat for too long; the item is free again",
        ClaimState.WITHDRAWN: "taken back by a lead or because the item closed",
    },
    arrows=(
        arrow("assigned", "claimed", "the person opens it", *WORKERS),
        arrow("assigned", "expired", "nobody opened it in time, or somebody else needs the slot"),
        arrow("assigned", "withdrawn", "the item closed", "lead", "system"),
        arrow("claimed", "submitted", "the person submits", *WORKERS),
        arrow("claimed", "postponed", "the person puts it off", *WORKERS),
        arrow("claimed", "skipped", "the person gives a reason", *WORKERS),
        arrow("claimed", "expired", "its heartbeat stopped"),
        arrow("claimed", "withdrawn", "the item closed", "lead", "system"),
        arrow("postponed", "claimed", "the person takes it up again", *WORKERS),
        arrow("expired", "claimed", "the person takes it up again", *WORKERS),
        arrow("expired", "submitted", "late: counted if a slot is free, else kept as surplus", *WORKERS),
        arrow("expired", "postponed", "the person puts it off", *WORKERS),
        arrow("expired", "skipped", "the person gives a reason", *WORKERS),
    ),
)
