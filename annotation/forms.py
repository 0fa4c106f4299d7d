"""Forms of the leads' pages."""

from typing import Any

from django import forms

from consilium.inference.forms import EndpointsField
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Study


class AskModelsForm(forms.Form):
    """Which models answer the test questions."""

    endpoints = EndpointsField(
        help_text="Each is asked once per ready test question that it has not answered yet."
    )

    def __init__(self, study: Study, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["endpoints"]
        assert isinstance(field, EndpointsField)
        field.queryset = ModelEndpoint.objects.for_study(study).in_use().that_write()


class ComparisonRoundForm(forms.Form):
    """A new round of comparisons."""

    name = forms.CharField(max_length=120, help_text="Readers see it; do not name a model.")
    limit = forms.IntegerField(
        label="Cases at most",
        min_value=1,
        max_value=100_000,
        required=False,
        help_text="Empty: all that can be paired.",
    )


class LabelStudioForm(forms.Form):
    """Where a Label Studio server is, and the token that opens it."""

    base_url = forms.CharField(
        label="Address",
        max_length=200,
        help_text="For instance https://labels.example. An operator has listed host and port.",
    )
    token = forms.CharField(
        label="Access token",
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From Account & Settings there. It is kept encrypted; this page shows its last four.",
    )


class ExcludeForm(forms.Form):
    """Why a case is left out."""

    reason = forms.CharField(
        max_length=200, help_text="Goes into the record and is counted in every later release."
    )
