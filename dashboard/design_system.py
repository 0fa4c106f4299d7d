"""The page that shows every component with invented content; its guide is docs/design-system.md."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from consilium.ui.charts import HALF_WIDTH, PlottedEstimate, Series, interval_chart, line_chart
from consilium.ui.icons import ICON_FOLDER
from consilium.ui.state_badges import LOOKS

STEPS = (
    ("first_clearly", "First clearly"),
    ("first_slightly", "First slightly"),
    ("second_slightly", "Second slightly"),
    ("second_clearly", "Second clearly"),
)


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Study name", help_text="Shown in the study switcher.")
    capacity = forms.IntegerField(label="Readers per case", min_value=1, max_value=9)
    format = forms.ChoiceField(label="Format", choices=[("auto", "Recognise"), ("jsonl", "JSONL")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    upload = forms.FileField(label="Images", required=False, help_text="PNG, JPEG or DICOM, up to 500 files.")
    kind = forms.ChoiceField(
        label="Kind of release",
        choices=[("traces", "Trace release"), ("preferences", "Preference release")],
        widget=forms.RadioSelect,
    )
    consent = forms.BooleanField(label="I have read the guidelines, version 3")


def samples() -> dict[str, Any]:
    """The invented content of the page."""
    broken = SampleForm({"name": "", "capacity": "12", "format": "jsonl", "kind": "traces"})
    broken.is_valid()
    return {
        "steps": STEPS,
        "other": ("cannot_judge", "Cannot judge"),
        "states": list(LOOKS),
        "icons": sorted(path.stem for path in ICON_FOLDER.glob("*.svg") if path.stem != "favicon"),
        "form": SampleForm(),
        "broken": broken,
        "page": Paginator(range(431), 25).page(3),
        "loss": _loss_chart(),
        "leaderboard": _leaderboard_chart(),
        "facts": {"Base model": "teaching-vlm-8M", "Learning rate": "1e-4", "Seed": "20261122"},
        "tabs": [
            {"label": "Overview", "url": "#tabs", "current": True},
            {"label": "Questions", "url": "#tabs", "count": 431},
            {"label": "Traces", "url": "#tabs", "count": 0},
        ],
        "digest": "9f2c4e7b1a8d3056c1e2f49b7a60d8e5b3f1947c2d08a6e59f7b3c1d4e8a2065",
        "before": "The lesion in the left lower lobe is well defined, which suggests a benign process.",
        "after": "The lesion in the right lower lobe is ill defined, which does not suggest a benign one.",
    }


def _loss_chart() -> str:
    steps = range(0, 201, 10)
    train = Series(
        "Training loss", [(s, 2.1 / (1 + s / 40) + 0.18 + 0.06 * ((s * 7) % 3 - 1)) for s in steps]
    )
    held_out = Series("Held-out loss", [(s, 2.15 / (1 + s / 46) + 0.3) for s in steps])
    return line_chart(
        [train, held_out],
        title="Loss",
        x_label="Optimiser step",
        y_label="Cross-entropy, nats",
        width=HALF_WIDTH,
    )


def _leaderboard_chart() -> str:
    rows = [
        PlottedEstimate("merged-model-judge", 0.742, 0.701, 0.781),
        PlottedEstimate("judge-sft", 0.688, 0.644, 0.729),
        PlottedEstimate("base-model", 0.531, 0.486, 0.577, "not different from chance"),
    ]
    return interval_chart(
        rows,
        title="Accuracy, overall dimension",
        x_label="Accuracy, mean over both orders",
        reference=0.5,
        width=HALF_WIDTH,
        show=lambda value: f"{value:.1%}",
    )


def show(request: HttpRequest) -> HttpResponse:
    """Every component on one page."""
    return render(request, "dashboard/design.html", samples())
