"""Forms of the benchmark app."""

from typing import Any

from django import forms

from benchmark.models import EvaluationKind
from consilium.inference.forms import EndpointsField
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Study
from curation.models import Release, ReleaseKind
from curation.states import ReleaseState


class EvaluationForm(forms.Form):
    """Which models to score on which frozen release."""

    release = forms.ModelChoiceField(Release.objects.none(), empty_label=None)
    endpoints = EndpointsField()
    letter_probabilities = forms.BooleanField(
        label="Ask how probable each letter was",
        required=False,
        help_text="For the calibration of judges. Servers such as vLLM and llama.cpp tell it, workers do not;"
        " verdicts are those of the text in any case. Models that give scores need no asking.",
    )

    def __init__(self, *args: Any, study: Study, kind: EvaluationKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != EvaluationKind.JUDGE:
            del self.fields["letter_probabilities"]
        wanted = ReleaseKind.PREFERENCES if kind == EvaluationKind.JUDGE else ReleaseKind.QUESTIONS
        frozen = Release.objects.filter(study=study, kind=wanted, state=ReleaseState.FROZEN)
        self._choices("release").queryset = frozen
        usable = ModelEndpoint.objects.for_study(study).in_use()
        self._choices("endpoints").queryset = usable if kind == EvaluationKind.JUDGE else usable.that_write()

    def lacks(self) -> str:
        """What has to exist before anything can be scored: "release", "endpoints" or nothing."""
        names = ("release", "endpoints")
        return next((name for name in names if not self._choices(name).choices), "")

    def _choices(self, name: str) -> "forms.ModelChoiceField[Any]":
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field
