"""Forms that add a model."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings

from consilium.inference import folder_owners
from consilium.inference.addresses import check_address, is_this_machine
from consilium.inference.model_entries import GROUPS
from consilium.inference.models import ModelEndpoint
from consilium.inference.refusals import EndpointRefused
from consilium.people.models import Study

DEPTH = 4
FOLDERS_SHOWN = 300
# The files are hashed while the page waits; larger models are added with the command.
PAGE_BYTES = 8 * 2**30


class EndpointsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Some of a study's models. A number that no database holds is an unknown choice, not an error."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ModelEndpoint.objects.none(), **{"label": "Models"} | kwargs)

    def clean(self, value: Any) -> Any:
        """The chosen endpoints. Raises ValidationError."""
        try:
            return super().clean(value)
        except OverflowError:
            raise forms.ValidationError("Choose from the models shown.", code="invalid_choice") from None


class _EndpointForm(forms.Form):
    """What every model needs."""

    name = forms.CharField(
        max_length=120, help_text="As it appears in lists and reports; clinicians never see it."
    )
    releases = forms.CharField(
        label="Trained on releases",
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="Digests, one per line. A model is never scored on a release it was trained on.",
    )
    for_everybody = forms.BooleanField(
        label="Every study of this site may ask it", required=False, help_text="Otherwise only this study."
    )
    entry_key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, study: Study, is_operator: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        self.is_operator = is_operator
        if not is_operator:
            del self.fields["for_everybody"]

    def clean_releases(self) -> list[str]:
        """The digests as a list."""
        return str(self.cleaned_data["releases"]).split()


class RemoteForm(_EndpointForm):
    """A server that speaks the OpenAI chat protocol."""

    url = forms.CharField(
        label="Address",
        max_length=200,
        help_text="Ends in /v1, for instance http://127.0.0.1:8000/v1. An operator has listed host and port.",
    )
    model_id = forms.CharField(label="Model name at the server", max_length=200)
    family = forms.CharField(max_length=80, help_text="Models of one family are compared with care.")
    revision = forms.CharField(
        required=False, max_length=80, help_text="Version or date, if the server has one."
    )
    is_hosted = forms.BooleanField(
        label="What we send leaves this site",
        required=False,
        help_text="Sources that may not be sent to hosted models are then never sent to it.",
    )
    retention = forms.CharField(
        required=False, max_length=120, help_text="How long the host keeps what it is sent, by contract."
    )
    outputs_may_train = forms.BooleanField(label="Its answers may be used for training", required=False)
    field_order = [
        "name",
        "url",
        "model_id",
        "family",
        "revision",
        "is_hosted",
        "retention",
        "outputs_may_train",
    ]

    def clean_url(self) -> str:
        """An allowed address."""
        try:
            return check_address(self.cleaned_data["url"].strip())
        except EndpointRefused as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        """Only an operator may say that another machine belongs to this site."""
        data = super().clean() or {}
        stays = data.get("url") and not data.get("is_hosted") and not is_this_machine(data["url"])
        if stays and not self.is_operator:
            self.add_error(
                "is_hosted",
                "This address is on another machine. Confirm that what we send leaves this site, or ask an"
                " operator to add a machine that belongs to it.",
            )
        return data


class LocalForm(_EndpointForm):
    """A checkpoint that our own workers serve."""

    path = forms.ChoiceField(
        label="Folder", help_text="Folders under the models folder that hold a config.json and weights."
    )
    family = forms.CharField(
        required=False, max_length=80, help_text="The architecture unless you name another."
    )
    field_order = ["name", "path", "family"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = unregistered_folders(self.study)
        path = self.fields["path"]
        assert isinstance(path, forms.ChoiceField)
        path.choices = [("", "Choose a folder" if names else "No new folder"), *((n, n) for n in names)]

    def clean_path(self) -> str:
        """A folder small enough to be hashed while the page waits."""
        path = str(self.cleaned_data["path"])
        size = sum(
            file.stat().st_size for file in (settings.MODELS_FOLDER / path).iterdir() if file.is_file()
        )
        if size > PAGE_BYTES:
            raise forms.ValidationError(
                "This model is too large to be checked while a page waits; use: manage.py endpoint add."
            )
        return path


def unregistered_folders(study: Study) -> list[str]:
    """Folders with a config.json under the models folder that no endpoint uses yet, in order of name.

    Of the folders that runs fill, those of the study's own runs alone.
    """
    root = Path(settings.MODELS_FOLDER)
    known = set(ModelEndpoint.objects.exclude(path="").values_list("path", flat=True))
    found = []
    for depth in range(1, DEPTH + 1):
        for config in root.glob("/".join(["*"] * depth) + "/config.json"):
            name = config.parent.relative_to(root).as_posix()
            if (
                name not in known
                and _may_be_offered(name, study)
                and any(config.parent.glob("*.safetensors"))
            ):
                found.append(name)
    return sorted(found)[:FOLDERS_SHOWN]


def _may_be_offered(name: str, study: Study) -> bool:
    return not folder_owners.is_filled(name) or folder_owners.owner_of(name) == study.pk


class _RowField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One row. A number that no database holds is an unknown choice, not an error."""

    def to_python(self, value: Any) -> Any:
        """The row. Raises ValidationError."""
        try:
            return super().to_python(value)
        except OverflowError:
            raise forms.ValidationError("Choose from the list.", code="invalid_choice") from None


class _OwnedField(_RowField):
    """A study's model, shown with its study."""

    def label_from_instance(self, obj: Any) -> str:
        """As it stands in the list."""
        return f"{obj.name} (of {obj.study})"


class ShareForm(forms.Form):
    """Which study's model an operator shares with which other study."""

    endpoint = _OwnedField(ModelEndpoint.objects.none(), label="Model", empty_label=None)
    study = _RowField(Study.objects.none(), label="Share it with", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owned = ModelEndpoint.objects.in_use().exclude(study=None).select_related("study")
        for name, rows in (("endpoint", owned), ("study", Study.objects.order_by("name"))):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class EntryForm(forms.Form):
    """What an operator says of a model of the registry; an empty field means that it is not known."""

    name = forms.CharField(max_length=120)
    group = forms.ChoiceField(label="Kind", choices=list(GROUPS.items()))
    maker = forms.CharField(required=False, max_length=120)
    family = forms.CharField(max_length=80, help_text="Models of one family are compared with care.")
    hub_id = forms.CharField(label="Name on the Hub", required=False, max_length=200, help_text="owner/name")
    api_name = forms.CharField(label="Name in the maker's API", required=False, max_length=200)
    size = forms.CharField(required=False, max_length=80)
    licence = forms.CharField(required=False, max_length=120)
    images = forms.CharField(label="Limits of images", required=False, max_length=300)
    chat = forms.CharField(
        label="What to know when asking it",
        required=False,
        max_length=600,
        widget=forms.Textarea({"rows": 2}),
    )
    serving = forms.CharField(
        label="How to serve it", required=False, max_length=600, widget=forms.Textarea({"rows": 2})
    )
    prompt_price = forms.CharField(
        label="Price of tokens asked",
        required=False,
        max_length=11,
        help_text="US dollars for a million, as your contract or the maker's list says; empty: unknown.",
    )
    completion_price = forms.CharField(
        label="Price of tokens written",
        required=False,
        max_length=11,
        help_text="US dollars for a million. Estimates of cost are made from both.",
    )
    unavailable = forms.CharField(
        label="Not available, because",
        required=False,
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text="Empty: it can be served.",
    )
    notes = forms.CharField(required=False, max_length=2000, widget=forms.Textarea({"rows": 3}))
    sources = forms.CharField(
        label="Where that stands",
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Addresses, one a line.",
    )


class NewEntryForm(EntryForm):
    """A model that the program's own file does not know."""

    key = forms.CharField(
        max_length=60, help_text="Small letters, digits and . _ - such as my-model-7b; it never changes."
    )
    field_order = ["key"]
