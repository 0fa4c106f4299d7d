"""Forms of this app."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from consilium.answers.paradigms import PARADIGMS
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Study
from curation.imports import formats
from curation.imports.uploads import MOST_FILES
from curation.models import Release, Source
from curation.releases.registry import known as known_freezers
from curation.states import ReleaseState


class SeveralFilesInput(forms.ClearableFileInput):
    """A file input that takes many files."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Cleans to a list of uploaded files."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        """Check each file by itself."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFilesField, self).clean(file, initial) for file in files]


class ImportForm(forms.Form):
    """Files to take in, and where they come from."""

    wanted = forms.ChoiceField(label="What they are", required=False)
    source = forms.ModelChoiceField(
        queryset=Source.objects.none(),
        required=False,
        empty_label="None: a release brings its own",
        help_text="Its permissions say what may be done with the data.",
    )
    uploads = SeveralFilesField(
        label="Files",
        help_text=(
            "PNG, JPEG and DICOM images, and one JSONL file with questions that name the images by file "
            "name; or the parquet and JSONL files of published pairs; or a published question set, unpacked; "
            "or the zip of a release. "
            f"Up to {MOST_FILES:,} files at once."
        ),
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = Source.objects.filter(study=study).order_by("name")  # type: ignore[attr-defined]
        self.fields["source"].initial = Source.objects.filter(study=study).order_by("name").first()
        kinds = [(found.name, f"{found.label}: {found.meaning}") for found in formats.known()]
        self.fields["wanted"].choices = [(formats.AUTO, "As their names say"), *kinds]  # type: ignore[attr-defined]

    def clean_wanted(self) -> str:
        """A format, or AUTO."""
        return self.cleaned_data["wanted"] or formats.AUTO


class HubImportForm(forms.Form):
    """A dataset of the Hub to fetch, and the source that it counts as."""

    source = forms.ModelChoiceField(queryset=Source.objects.none(), empty_label=None)
    repo_id = forms.CharField(label="Dataset", max_length=200, help_text="owner/name")
    revision = forms.CharField(
        max_length=100,
        initial="main",
        help_text="A commit, or a branch or tag: the commit it names now is fetched and put on record.",
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "hub-%s"} | kwargs)
        self.fields["source"].queryset = Source.objects.filter(study=study).order_by("name")  # type: ignore[attr-defined]


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A source and what it permits."""

    class Meta:
        model = Source
        fields = [
            "name",
            "licence",
            "ethics_reference",
            "citation",
            "may_train",
            "may_send_to_hosted",
            "may_redistribute",
            "commercial_use",
            "is_synthetic",
        ]
        widgets = {"citation": forms.Textarea({"rows": 3})}
        labels = {
            "may_train": "May be used for training",
            "may_send_to_hosted": "May be sent to hosted models",
            "may_redistribute": "May be passed on in exports",
            "commercial_use": "May be used commercially",
            "is_synthetic": "Synthetic",
        }

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study

    def clean_name(self) -> str:
        """A name is used once in a study."""
        name: str = self.cleaned_data["name"]
        others = Source.objects.filter(study=self.study, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError("This study already has a source of that name.")
        return name


class TraceForm(forms.Form):
    """Which model writes traces, and in which style."""

    endpoint = forms.ModelChoiceField(
        label="Teacher", queryset=ModelEndpoint.objects.none(), empty_label=None
    )
    paradigm = forms.ChoiceField(
        label="Paradigm",
        choices=[("", "None: the neutral prompt"), *((name, name.capitalize()) for name in PARADIGMS)],
        required=False,
        help_text="A style of clinical reasoning to ask for by name.",
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = ModelEndpoint.objects.for_study(study).in_use().that_write()
        self.fields["endpoint"].queryset = usable.order_by("name")  # type: ignore[attr-defined]


class ReviewRoundForm(forms.Form):
    """A new round of trace reviews."""

    name = forms.CharField(max_length=120, help_text="For example: Traces, first round.")
    by_specialty = forms.BooleanField(
        label="Only reviewers of the question's specialty",
        required=False,
        help_text="Leave this off unless every specialty has reviewers.",
    )


class ReleaseKindForm(forms.Form):
    """Which kind of release to look at."""

    kind = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(freezer.kind, f"{freezer.label}: {freezer.meaning}") for freezer in known_freezers()]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class FreezeForm(forms.Form):
    """The release to make of what was looked at."""

    name = forms.CharField(max_length=120)
    derived_from = forms.ModelChoiceField(
        queryset=Release.objects.none(),
        required=False,
        empty_label="Nothing: a first release",
        help_text="Set this when the release corrects an earlier one.",
    )

    def __init__(self, study: Study, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        earlier = Release.objects.filter(study=study, kind=kind).exclude(state=ReleaseState.FREEZING)
        self.fields["derived_from"].queryset = earlier  # type: ignore[attr-defined]
