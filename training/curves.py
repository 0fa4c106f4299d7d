"""The curves of a run: loss and reward over optimiser steps, from the stored events."""

from django.db.models import F, Max
from django.utils.safestring import SafeString

from consilium.ui.charts import HALF_WIDTH, Series, line_chart
from training.models import Run, RunEvent

CURVES = (("loss", "Loss", "nats per token"), ("reward", "Reward", "mean reward"))
POINTS = 400


def curves(run: Run) -> list[SafeString]:
    """One chart per figure that the run has reported; a long run shows every n-th step."""
    stored = RunEvent.objects.filter(run=run, kind="step", step__isnull=False)
    longest = stored.aggregate(last=Max("step"))["last"] or 0
    stride = 1 + longest // POINTS
    thinned = stored.annotate(rest=F("step") % stride).filter(rest=0).order_by("step")
    steps = [(float(step or 0), data) for step, data in thinned.values_list("step", "data")]
    charts = []
    for name, title, unit in CURVES:
        points = [(step, float(data[name])) for step, data in steps if name in data]
        if points:
            series = [Series(title, points)]
            charts.append(line_chart(series, title=title, x_label="step", y_label=unit, width=HALF_WIDTH))
    return charts
