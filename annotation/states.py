"""State table of a case."""

from django.db import models

from consilium.states.tables import StateTable, arrow


class CaseState(models.TextChoices):
    """Where a case stands."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Open for votes"
    QUIET = "quiet", "Quiet period"
    SETTLED = "settled", "Settled"
    DISPUTED = "disputed", "Disputed"
    STALLED = "stalled", "Stalled"
    EXCLUDED = "excluded", "Excluded"


CASE_STATES = StateTable(
    name="case",
    initial=CaseState.DRAFT,
    states={
        CaseState.DRAFT: "paired, not yet on the queue",
        CaseState.OPEN: "collects votes",
        CaseState.QUIET: "has its votes; readers may still revise",
        CaseState.SETTLED: "every dimension that can have a label has one",
        CaseState.DISPUTED: "a dimension has no majority, or two readers flag harm: an adjudicator decides",
        CaseState.STALLED: "nobody eligible is left; a lead is told",
        CaseState.EXCLUDED: "left out with a reason until the freeze",
    },
    arrows=(
        arrow("draft", "open", "a lead opens the round", "lead", "system"),
        arrow("open", "quiet", "the last vote arrived"),
        arrow("open", "stalled", "nobody eligible is left"),
        arrow("stalled", "open", "a reader became eligible", "lead", "system"),
        arrow("quiet", "open", "a replacement reader is needed"),
        arrow("quiet", "settled", "majority in every dimension"),
        arrow("quiet", "disputed", "no majority, or harm flagged twice"),
        arrow("disputed", "settled", "an adjudicator decides"),
        arrow("draft", "excluded", "a lead excludes it", "lead"),
        arrow("open", "excluded", "a lead excludes it", "lead"),
        arrow("quiet", "excluded", "a lead excludes it", "lead"),
        arrow("stalled", "excluded", "a lead excludes it", "lead"),
        arrow("disputed", "excluded", "a lead excludes it", "lead"),
        arrow("settled", "excluded", "a lead excludes it", "lead"),
    ),
)
