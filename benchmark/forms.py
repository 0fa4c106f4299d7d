"""Forms of the benchmark app."""

from typing import Any, Final

from django import forms
from django.db.models.functions import Lower

from benchmark.models import EvaluationKind
from benchmark.variants import MOST_REPEATS, REPEATED_CASES, plan_variants
from consilium.inference.forms import EndpointsField
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Study
from curation.models import Release, ReleaseKind
from curation.states import ReleaseState

# As `variants.plan_variants` names them.
VARIANT_FIELDS: Final = ("standard", "image_blind", "repeats", "repeat_cases")
# What few launches ask for: shown on request, below the rest.
_RARE: Final = ("letter_probabilities", "image_blind", "repeats", "repeat_cases")


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
    open_judge = forms.ModelChoiceField(
        ModelEndpoint.objects.none(),
        label="Judge of open answers",
        required=False,
        empty_label="None: token recall alone",
        help_text="Also decides every open answer against the reference, which is counted apart. It gets"
        " question, reference and answer without the image.",
    )
    standard = forms.BooleanField(
        label="Every case in both orders",
        required=False,
        initial=True,
        help_text="What the leaderboard and the report are made of. Replies that are stored cost no call.",
    )
    image_blind = forms.BooleanField(
        label="Control without images",
        required=False,
        help_text="The same texts and no image: shows how much of a judge's accuracy comes from looking.",
    )
    repeats = forms.IntegerField(
        label="Ask the same again",
        required=False,
        min_value=0,
        max_value=MOST_REPEATS,
        initial=0,
        help_text="How many times, without sampling. Three repeats are usual; 0 asks nothing again.",
    )
    repeat_cases = forms.IntegerField(
        label="Cases that are asked again",
        required=False,
        min_value=1,
        max_value=1_000_000,
        initial=REPEATED_CASES,
        help_text="A sample that is the same for every judge and every repeat.",
    )

    def __init__(self, *args: Any, study: Study, kind: EvaluationKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != EvaluationKind.JUDGE:
            for name in ("letter_probabilities", *VARIANT_FIELDS):
                del self.fields[name]
        else:
            del self.fields["open_judge"]
        wanted = ReleaseKind.PREFERENCES if kind == EvaluationKind.JUDGE else ReleaseKind.QUESTIONS
        frozen = Release.objects.filter(study=study, kind=wanted, state=ReleaseState.FROZEN)
        self._choices("release").queryset = frozen
        usable = ModelEndpoint.objects.for_study(study).in_use().order_by(Lower("name"), "pk")
        self._choices("endpoints").queryset = usable if kind == EvaluationKind.JUDGE else usable.that_write()
        if "open_judge" in self.fields:
            self._choices("open_judge").queryset = usable.that_write()

    def wanted(self) -> dict[str, Any]:
        """What `launch.evaluate` is to launch, once the form is valid. Raises EvaluationRefused."""
        chosen = self.cleaned_data
        asked = {name: chosen[name] for name in VARIANT_FIELDS if chosen.get(name) is not None}
        return {
            "release": chosen["release"],
            "endpoints": chosen["endpoints"],
            "variants": plan_variants(**asked),
            "open_judge": chosen.get("open_judge"),
        }

    @property
    def usual(self) -> list[forms.BoundField]:
        """The fields of every launch."""
        return [bound for bound in self if bound.name not in _RARE]

    @property
    def rare(self) -> list[forms.BoundField]:
        """Controls, repeats and the like; none for solvers."""
        return [bound for bound in self if bound.name in _RARE]

    @property
    def is_rare(self) -> bool:
        """Whether one of them was filled in, or filled in wrongly."""
        return self.is_bound and any(name in self.changed_data or name in self.errors for name in _RARE)

    @property
    def asks_letters(self) -> bool:
        """Whether judges' servers are asked how probable letters are, once the form is valid."""
        return bool(self.cleaned_data.get("letter_probabilities"))

    def lacks(self) -> str:
        """What has to exist before anything can be scored: "release", "endpoints" or nothing."""
        names = ("release", "endpoints")
        return next((name for name in names if not self._choices(name).choices), "")

    def _choices(self, name: str) -> "forms.ModelChoiceField[Any]":
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field
