"""Forms of the training app."""

import json
from typing import Any

from django import forms
from django.db.models import F

from consilium.inference.models import EndpointQuerySet, ModelEndpoint
from consilium.people.models import Study
from curation.models import Release, ReleaseKind
from curation.states import ReleaseState
from training.demo_models.teaching_set import demo_settings
from training.models import Stage
from training.preconditions import settings_fault


class PipelineForm(forms.Form):
    """What a lead chooses to launch DSA, GBA and merge from one trace release."""

    release = forms.ModelChoiceField(Release.objects.none(), empty_label=None, label="Trace release")
    base = forms.ModelChoiceField(ModelEndpoint.objects.none(), empty_label=None, label="Base model")
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=7)
    settings = forms.CharField(
        required=False,
        label="Settings (JSON)",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=(
            'Stage to settings, for example <code>{"dsa": {"epochs": 2}}</code>. The rest keeps its default.'
        ),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        releases = Release.objects.filter(study=study, kind=ReleaseKind.TRACES, state=ReleaseState.FROZEN)
        self._choices("release").queryset = releases
        self._choices("base").queryset = bases(study)
        if study.is_teaching_set:
            self.fields["settings"].initial = json.dumps(demo_settings(), indent=1)

    def lacks(self) -> str:
        """What has to exist before anything can be launched: "release", "base" or nothing."""
        return next((name for name in ("release", "base") if not self._choices(name).choices), "")

    def _choices(self, name: str) -> "forms.ModelChoiceField[Any]":
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field

    def clean_settings(self) -> dict[str, dict[str, Any]]:
        """Stage to settings; each checked by the training process's own reader."""
        text = self.cleaned_data["settings"].strip() or "{}"
        try:
            chosen = json.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers and nesting that the reader refuses
            raise forms.ValidationError(f"This is not JSON: {error}.") from None
        if not isinstance(chosen, dict) or set(chosen) - set(Stage.values):
            raise forms.ValidationError(f"Write one object whose keys are among {', '.join(Stage.values)}.")
        for stage, values in chosen.items():
            if not isinstance(values, dict):
                raise forms.ValidationError(f"{stage}: write an object of settings.")
            if fault := settings_fault(stage, values):
                raise forms.ValidationError(f"{stage}: {fault}.")
        return chosen


def bases(study: Study) -> EndpointQuerySet:
    """Local, active endpoints of the study or of the site; those that were not trained here come first."""
    usable = ModelEndpoint.objects.for_study(study).in_use().exclude(path="")
    return usable.order_by(F("produced_by").asc(nulls_first=True), "name")
