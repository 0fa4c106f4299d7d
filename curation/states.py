"""State tables of images, questions, traces and releases."""

from django.db import models

from consilium.people.permissions import SENIORS
from consilium.states.tables import StateTable, arrow


class ImageState(models.TextChoices):
    """Where an image stands on its way to people."""

    UPLOADED = "uploaded", "Uploaded"
    QUARANTINED = "quarantined", "Waits for pixel review"
    REVIEWED = "reviewed", "Pixels reviewed"
    RELEASED = "released", "Usable"
    REFUSED = "refused", "Refused"
    PURGED = "purged", "Purged"


class QuestionState(models.TextChoices):
    """Where a question stands."""

    IMPORTED = "imported", "Imported"
    HELD = "held", "Held: may name a person"
    FILTERED = "filtered", "Passed the difficulty filter"
    SCREENED = "screened", "Screened"
    READY = "ready", "Ready"
    DROPPED = "dropped", "Dropped"


class TraceState(models.TextChoices):
    """Where a reasoning trace stands."""

    GENERATED = "generated", "Generated"
    CHECKED = "checked", "Passed the checks"
    FAILED_CHECK = "failed_check", "Failed a check"
    NOT_SELECTED = "not_selected", "Not selected"
    IN_REVIEW = "in_review", "In review"
    ACCEPTED = "accepted", "Accepted"
    EDITED = "edited", "Accepted with edits"
    REJECTED = "rejected", "Rejected"
    DISPUTED = "disputed", "Disputed"


class ReleaseState(models.TextChoices):
    """Where a release stands."""

    FREEZING = "freezing", "Freezing"
    FROZEN = "frozen", "Frozen"
    WITHDRAWN = "withdrawn", "Withdrawn"


IMAGE_STATES = StateTable(
    name="image",
    initial=ImageState.UPLOADED,
    states={
        ImageState.UPLOADED: "rebuilt by the limited child process, not yet sorted",
        ImageState.QUARANTINED: "its pixels may show a name; a person must look at every frame",
        ImageState.REVIEWED: "a person looked at these exact pixels and found nothing",
        ImageState.RELEASED: "may be shown to members of the study",
        ImageState.REFUSED: "may never be shown; its pixels are deleted after a time of grace",
        ImageState.PURGED: "its pixels are deleted; the row says what was here",
    },
    arrows=(
        arrow("uploaded", "quarantined", "the import rule asks for pixel review"),
        arrow("uploaded", "released", "synthetic or explicitly free of burned-in text"),
        arrow("quarantined", "reviewed", "a person signs the pixels", "lead", "adjudicator"),
        arrow("quarantined", "refused", "a person sees an identifier", "lead", "adjudicator"),
        arrow("reviewed", "released", "opened for use", "lead", "adjudicator", "system"),
        arrow("released", "refused", "withdrawn after a finding", "lead"),
        arrow("refused", "purged", "its files are deleted and proved absent", "lead", "system"),
    ),
)

QUESTION_STATES = StateTable(
    name="question",
    initial=QuestionState.IMPORTED,
    states={
        QuestionState.IMPORTED: "stored with its images, cluster and use",
        QuestionState.HELD: "its text may name a person; a lead decides about each place",
        QuestionState.FILTERED: "hard enough for the weak models",
        QuestionState.SCREENED: "experts scored it fit",
        QuestionState.READY: "may be drawn for traces or cases",
        QuestionState.DROPPED: "left out, with a reason",
    },
    arrows=(
        arrow("imported", "held", "a pattern finds what may name a person"),
        arrow("held", "imported", "every place is decided", "lead"),
        arrow("held", "dropped", "a lead drops it", "lead"),
        arrow("imported", "filtered", "the difficulty filter keeps it"),
        arrow("imported", "ready", "a lead opens it without filter and screening", "lead", "system"),
        arrow("filtered", "screened", "experts score it"),
        arrow("filtered", "ready", "a lead opens it without screening", "lead", "system"),
        arrow("screened", "ready", "screening is complete", "lead", "system"),
        arrow("imported", "dropped", "a filter or a lead drops it", "lead", "system"),
        arrow("filtered", "dropped", "screening or a lead drops it", "lead", "system"),
        arrow("screened", "dropped", "a lead drops it", "lead", "system"),
        arrow("ready", "dropped", "a lead drops it", "lead"),
    ),
)

TRACE_STATES = StateTable(
    name="trace",
    initial=TraceState.GENERATED,
    states={
        TraceState.GENERATED: "written by a model",
        TraceState.CHECKED: "passed every automatic check",
        TraceState.FAILED_CHECK: "failed an automatic check; kept for the record",
        TraceState.NOT_SELECTED: "another sample of the same question was chosen",
        TraceState.IN_REVIEW: "in front of a clinician",
        TraceState.ACCEPTED: "every step stands as written",
        TraceState.EDITED: "stands with a clinician's edits",
        TraceState.REJECTED: "a clinician refused it",
        TraceState.DISPUTED: "two reviewers disagree; a senior decides",
    },
    arrows=(
        arrow("generated", "checked", "all checks pass"),
        arrow("generated", "failed_check", "a check fails"),
        arrow("checked", "not_selected", "another sample is better"),
        arrow("checked", "in_review", "put on the review queue", "lead", "system"),
        arrow("in_review", "accepted", "all steps accepted"),
        arrow("in_review", "edited", "accepted with edits"),
        arrow("in_review", "rejected", "refused"),
        arrow("in_review", "disputed", "two reviewers disagree"),
        arrow("disputed", "accepted", "a senior decides", *SENIORS),
        arrow("disputed", "edited", "a senior decides", *SENIORS),
        arrow("disputed", "rejected", "a senior decides", *SENIORS),
    ),
)

RELEASE_STATES = StateTable(
    name="release",
    initial=ReleaseState.FREEZING,
    states={
        ReleaseState.FREEZING: "rows are being gathered and hashed",
        ReleaseState.FROZEN: "immutable; its digest names it",
        ReleaseState.WITHDRAWN: "must not be used any more; the reason is public",
    },
    arrows=(
        arrow("freezing", "frozen", "manifest and digest are complete", "lead", "system"),
        arrow("frozen", "withdrawn", "a lead withdraws it with a reason", "lead"),
    ),
)
