"""Forms of the people room."""

from typing import Any

from django import forms

from consilium.people.models import CreditChoice, Person, Role, Specialty, Study
from consilium.people.study_settings import RANGES, StudySettings


class InvitationForm(forms.Form):
    """Whom to invite and as what."""

    display_name = forms.CharField(label="Name", max_length=120, help_text="As other members will see it.")
    role = forms.ChoiceField(choices=Role.choices)
    specialty = forms.ChoiceField(choices=[("", "Any"), *Specialty.choices], required=False)


class AcceptForm(forms.Form):
    """The invited person chooses a user name and a password."""

    username = forms.CharField(
        label="User name",
        max_length=60,
        widget=forms.TextInput({"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        help_text="At least 12 characters; a sentence is easy to remember.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="Password again", widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any]:
        """Both passwords must be the same."""
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "The two passwords differ.")
        return data


class ResetForm(AcceptForm):
    """A known person sets a new password."""

    username = None  # type: ignore[assignment]


class ParticipationForm(forms.Form):
    """What a participant decides before the first item of work."""

    consent_version = forms.IntegerField(widget=forms.HiddenInput)
    credit = forms.ChoiceField(choices=CreditChoice.choices, widget=forms.RadioSelect)
    conflict_declaration = forms.CharField(
        label="Conflicts of interest",
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Work for, or shares in, a maker of a model that may be judged here.",
    )
    agreed = forms.BooleanField(label="I have read this text and take part freely.")


SETTINGS_IN_WORDS: dict[str, tuple[str, str]] = {
    "votes_per_case": ("Votes per case", "Readers who compare the same two answers."),
    "reviews_per_trace": ("Reviews per trace", "Clinicians who review the same trace."),
    "quiet_hours": (
        "Quiet hours",
        "How long votes may still be changed after the last one came in.",
    ),
    "senior_on_any_split": ("An adjudicator decides every split", "Otherwise only cases without a majority."),
    "claim_minutes": (
        "Minutes per claim",
        "Without a sign of life for so long, the slot is free again.",
    ),
    "prefetch": ("Cases fetched ahead", "Kept ready while a reader is at one; 0 fetches none."),
    "trace_tokens_min": ("Shortest trace, in tokens", "A shorter one fails the automatic check."),
    "trace_tokens_max": ("Longest trace, in tokens", "A longer one fails the automatic check."),
    "trace_samples": ("Traces per question", "How often a model is asked; the best one is reviewed."),
    "answer_tokens_max": ("Longest answer, in tokens", "What a model may write for one comparison answer."),
    "teacher_sees_gold": ("The teacher model sees the gold answer", "In the prompt for traces."),
    "review_shows_gold": ("Reviewers see the gold answer", "Beside the options of the question."),
    "split_train": ("Share for training", "0 to 1, drawn per patient; what is left is for tests."),
    "split_dev": ("Share for development", "0 to 1, drawn per patient."),
    "seed": ("Seed", "Every draw of this study starts from it."),
    "second_person": (
        "A second person confirms access",
        "A member's reset link, or a role that an operator gives, works only once another lead agrees.",
    ),
    "releases_signed": (
        "Releases must be signed",
        "Only one that a lead has signed with the password is exported, trained on or scored.",
    ),
}


class SettingsForm(forms.Form):
    """The study's settings, built from StudySettings so that none is forgotten."""

    reason = forms.CharField(required=False, max_length=300, help_text="Needed once votes have been cast.")

    def __init__(self, *args: Any, settings: StudySettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in settings.to_json().items():
            self.fields[name] = self._field(name, value)
        self.order_fields([*settings.to_json(), "reason"])

    @staticmethod
    def _field(name: str, value: Any) -> forms.Field:
        label, meaning = SETTINGS_IN_WORDS[name]
        shown: dict[str, Any] = {"label": label, "help_text": meaning, "initial": value}
        if isinstance(value, bool):
            return forms.BooleanField(required=False, **shown)
        low, high = RANGES[name]
        if isinstance(value, int):
            return forms.IntegerField(min_value=int(low), max_value=int(high), **shown)
        return forms.FloatField(min_value=low, max_value=high, **shown)

    def changes(self) -> dict[str, Any]:
        """The settings that differ from what was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "reason"}


class GuidelineForm(forms.Form):
    """The next guideline version."""

    text = forms.CharField(label="Guidelines", widget=forms.Textarea({"rows": 14}), max_length=50_000)


class BreakGlassForm(forms.Form):
    """Which study an operator has to read, and why."""

    study = forms.ModelChoiceField(Study.objects.none(), empty_label="Choose a study")
    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text="The leads of the study read it, and it stays in the record. No patient data.",
    )

    def __init__(self, person: Person, *args: Any) -> None:
        super().__init__(*args)
        others = Study.objects.exclude(pk__in=Study.objects.visible_to(person).values("pk"))
        self.fields["study"].queryset = others.order_by("name")  # type: ignore[attr-defined]
