"""Forms of this room."""

from django import forms

from consilium.hub.models import Gate
from consilium.hub.push import check_repository_name
from consilium.hub.refusals import HubRefused

PRIVATE, PUBLIC = "private", "public"


class PushForm(forms.Form):
    """Where a content goes and who will see it."""

    repo_id = forms.CharField(
        label="Repository", max_length=200, help_text="owner/name. It is made when it does not exist."
    )
    seen_by = forms.ChoiceField(
        label="Who sees it",
        choices=[
            (PRIVATE, "Private: only who has access there"),
            (PUBLIC, "Public: everybody, once a second lead has confirmed"),
        ],
        initial=PRIVATE,
        widget=forms.RadioSelect,
    )
    gated = forms.ChoiceField(label="Gate", choices=Gate.choices, required=False)

    def clean_repo_id(self) -> str:
        """A name that the Hub takes."""
        try:
            return check_repository_name(str(self.cleaned_data["repo_id"]).strip())
        except HubRefused as refusal:
            raise forms.ValidationError(str(refusal)) from None


class TokenForm(forms.Form):
    """A token, typed once and never shown again."""

    secret = forms.CharField(
        label="Access token",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Made on the Hub under Settings, Access Tokens: fine-grained, with write access to the one "
        "namespace that this site pushes to. It is stored encrypted; pages show its last four characters.",
    )
