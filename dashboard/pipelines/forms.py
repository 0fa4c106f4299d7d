"""The form that starts a pipeline or a comparison."""

import re
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from consilium.inference.models import ModelEndpoint
from consilium.people.models import Study
from curation.models import Release, ReleaseKind
from curation.states import ReleaseState
from dashboard.models import PipelineKind
from dashboard.pipelines.launch import MOST_SEEDS
from training.forms import bases
from training.gba_preconditions import dev_questions
from training.stage_settings import presets

FIRST_SEEDS: Final = {PipelineKind.WHOLE: "7", PipelineKind.COMPARISON: "7, 8, 9"}


class PipelineForm(forms.Form):
    """What a lead chooses: what is read, from which base, with which preset and seeds."""

    release = forms.ModelChoiceField(Release.objects.none(), empty_label=None, label="Trace release")
    base = forms.ModelChoiceField(ModelEndpoint.objects.none(), empty_label=None, label="Base model")
    questions = forms.ModelChoiceField(
        Release.objects.none(),
        empty_label=None,
        label="Test questions",
        help_text="What the models are scored on; no model has learned from them.",
    )
    dev_questions = forms.ModelChoiceField(
        Release.objects.none(),
        required=False,
        empty_label="none: one merge, as the preset says",
        label="Dev questions",
        help_text="On them the best merge of several candidates is chosen.",
    )
    preferences = forms.ModelChoiceField(
        Release.objects.none(),
        required=False,
        empty_label="none: no judges",
        label="Preference release",
        help_text="Two judges, SFT and DPO, learn from it and are compared with their base.",
    )
    preset = forms.ChoiceField(
        help_text="Settings of every stage. Single runs can be changed field by field under Training."
    )
    seeds = forms.CharField(max_length=200)
    gpus = forms.ChoiceField(
        required=False, label="GPUs", help_text="A set of several trains each run on all of them together."
    )

    def __init__(self, *args: Any, study: Study, kind: PipelineKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        frozen = Release.objects.filter(study=study, state=ReleaseState.FROZEN)
        self._offer("release", frozen.filter(kind=ReleaseKind.TRACES))
        self._offer("base", bases(study))
        of_dev = dev_questions(study)
        self._offer(
            "questions", frozen.filter(kind=ReleaseKind.QUESTIONS).exclude(pk__in=of_dev.values("pk"))
        )
        self._offer("dev_questions", of_dev)
        self._offer("preferences", frozen.filter(kind=ReleaseKind.PREFERENCES))
        seeds = self.fields["seeds"]
        seeds.initial = FIRST_SEEDS[kind]
        seeds.help_text = (
            "The same seed, releases, base and settings give the same weights on the same machine."
        )
        if kind == PipelineKind.WHOLE:
            del self.fields["preferences"]
            seeds.label = "Seed"
        else:
            seeds.help_text = f"1 to {MOST_SEEDS} numbers with commas: every recipe is made under each."
        self._choose(
            "preset", [(one.name, one.label) for one in presets(is_teaching_set=study.is_teaching_set)]
        )
        sets = [("", "Any that is free"), *((one.name, str(one)) for one in settings.GPU_SETS)]
        self._choose("gpus", sets)
        if not settings.GPU_SETS:
            del self.fields["gpus"]

    def lacks(self) -> str:
        """What has to exist before anything can start: "release", "base", "questions" or nothing."""
        names = ("release", "base", "questions")
        return next((name for name in names if not self._choices(name).choices), "")

    def clean_seeds(self) -> list[int]:
        """Whole numbers."""
        parts = [part.strip() for part in re.split(r"[,;\s]+", self.cleaned_data["seeds"]) if part.strip()]
        if wrong := next((part for part in parts if not part.isdecimal() or len(part) > 10), ""):
            raise forms.ValidationError(
                f"“{wrong}” is no seed: write whole numbers with commas, as in 7, 8, 9."
            )
        return [int(part) for part in parts]

    def _offer(self, name: str, rows: "QuerySet[Any]") -> None:
        self._choices(name).queryset = rows.order_by("-pk") if name != "base" else rows

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _choices(self, name: str) -> "forms.ModelChoiceField[Any]":
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field
