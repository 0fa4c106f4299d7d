"""Forms of the training app."""

import re
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models import F
from django.forms.boundfield import BoundField

from consilium.gpu_sets import ANY_GPU
from consilium.inference.models import EndpointQuerySet, ModelEndpoint
from consilium.jobs.states import JobState
from consilium.people.models import Specialty, Study
from curation.models import Release
from curation.states import ReleaseState
from training.gba_preconditions import dev_questions
from training.job.spec import PREFERENCE_STAGES
from training.models import ALL_SPECIALTIES, Run, Stage
from training.preconditions import FEEDS, LARGEST_SEED, kind_read, settings_fault
from training.probe import TRIED_OUT
from training.stage_settings import SettingsPreset, StageSetting, presets, settings_of, spoken_value

PIPELINE: Final = "pipeline"
LAUNCHED: Final = (PIPELINE, *Stage.values)
SEED: Final = 7
TITLES: Final = {
    Stage.DSA: "DSA",
    Stage.GBA: "GBA",
    Stage.MERGE: "Merge",
    Stage.JUDGE_SFT: "Judge: SFT",
    Stage.JUDGE_DPO: "Judge: DPO",
    Stage.REWARD_MODEL: "Reward model",
}
PIPELINE_STAGES: Final = (Stage.DSA, Stage.GBA, Stage.MERGE)
EXPERTS: Final = "It waits until these are over. Choose none where it starts from the base."
NO_EXPERT: Final = "There is no expert yet. Train DSA first, or let it start from the base, below."
FAULT: Final = re.compile(r"settings\.(\w+): ")


class LaunchForm(forms.Form):
    """What a lead chooses to launch: one stage, or the pipeline of all; one field for every setting.

    A setting that is left empty keeps its default. `again`: the run whose choices are offered once more.
    """

    release = forms.ModelChoiceField(Release.objects.none(), empty_label=None)
    base = forms.ModelChoiceField(ModelEndpoint.objects.none(), empty_label=None, label="Base model")
    specialty = forms.ChoiceField(
        choices=[*Specialty.choices, ("", ALL_SPECIALTIES)],
        required=False,
        initial=Specialty.values[0],
        help_text="DSA trains one expert on the rows of its specialty, or one model on all rows.",
    )
    inputs = forms.ModelMultipleChoiceField(
        Run.objects.none(),
        label="Builds on",
        widget=forms.CheckboxSelectMultiple,
        help_text="It waits until these are over.",
    )
    questions = forms.ModelChoiceField(
        Release.objects.none(),
        required=False,
        empty_label="none",
        label="Dev questions",
        help_text="Only for the method candidates: on them it is chosen how to merge.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        initial=SEED,
        help_text="The same seed, release, base and settings give the same weights on the same machine.",
    )

    gpus = forms.ChoiceField(
        required=False, label="GPUs", help_text="A set of several trains one run on all of them together."
    )

    def __init__(
        self, *args: Any, study: Study, stage: str, preset: str = "", again: Run | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stage = stage
        self.stages = [str(one) for one in PIPELINE_STAGES] if stage == PIPELINE else [stage]
        self.presets = presets(is_teaching_set=study.is_teaching_set)
        self.preset: SettingsPreset | None = next((one for one in self.presets if one.name == preset), None)
        if self.preset is None and again is None:
            self.preset = self.presets[0]
        kind = kind_read(stage)
        releases = Release.objects.filter(study=study, kind=kind, state=ReleaseState.FROZEN)
        self._choices("release").queryset = releases
        self.fields["release"].label = kind.label
        self._choices("questions").queryset = dev_questions(study)
        self._choices("base").queryset = bases(study)
        self._choices("inputs").queryset = inputs = _inputs(study, stage)
        if stage == Stage.GBA:
            self.fields["inputs"].help_text = EXPERTS if inputs.exists() else NO_EXPERT
        self._leave_out()
        for name in self.stages:
            given = (
                (again.settings if again else {}) if self.preset is None else self.preset.values.get(name, {})
            )
            for setting in settings_of(name):
                self.fields[f"{name}-{setting.name}"] = _field(
                    setting, given.get(setting.name, setting.default)
                )
        for name, offered in (("gba-judge", _judges(study)), ("gba-evaluate_on", _questions(study))):
            if name in self.fields:
                self.fields[name] = _offering(self.fields[name], offered)
        if again is not None:
            self._offer(again)

    @property
    def reads_preferences(self) -> bool:
        """Whether what is launched learns from preferences, not from traces."""
        return self.stage in PREFERENCE_STAGES

    @property
    def takes_steps(self) -> bool:
        """Whether it is one stage that can be tried out for an estimate."""
        return self.stage in TRIED_OUT

    def lacks(self) -> str:
        """What has to exist before anything can be launched: "release", "base", "inputs" or nothing."""
        asked = [name for name in ("release", "base", "inputs") if name in self.fields]
        needed = [name for name in asked if self.fields[name].required]
        return next((name for name in needed if not self._choices(name).choices), "")

    def what(self) -> list[BoundField]:
        """The fields before the settings."""
        return [self[name] for name in self.fields if "-" not in name]

    def groups(self) -> list[tuple[str, list[BoundField]]]:
        """The settings, by stage."""
        return [
            (TITLES[Stage(stage)], [self[name] for name in self.fields if name.startswith(f"{stage}-")])
            for stage in self.stages
        ]

    def clean(self) -> dict[str, Any]:
        """Settings by stage that differ from the default, checked by the training process's own reader."""
        cleaned = super().clean() or {}
        chosen = {stage: self._chosen(stage, cleaned) for stage in self.stages}
        for stage, values in chosen.items():
            if not self.errors and (fault := settings_fault(stage, values)):
                named = FAULT.match(fault)
                field = f"{stage}-{named[1]}" if named else ""
                told = fault.removeprefix(named[0]) if named else fault
                self.add_error(field if field in self.fields else None, f"{told[:1].upper()}{told[1:]}.")
        return cleaned | {"settings": chosen}

    def launch_arguments(self) -> dict[str, Any]:
        """What the use case takes, of a valid form."""
        given = {name: value for name, value in self.cleaned_data.items() if "-" not in name}
        if self.stage != PIPELINE:
            given |= {"stage": self.stage, "settings": given["settings"][self.stage]}
        if self.stage == Stage.MERGE:
            given["release"] = given.pop("questions")
        return given

    def _chosen(self, stage: str, cleaned: dict[str, Any]) -> dict[str, Any]:
        given = ((setting, cleaned.get(f"{stage}-{setting.name}")) for setting in settings_of(stage))
        return {
            setting.name: value
            for setting, value in given
            if value not in (None, "", []) and value != setting.default
        }

    def _leave_out(self) -> None:
        needs = {"release": self.stage != Stage.MERGE, "specialty": self.stage == Stage.DSA}
        needs["inputs"] = self.stage in (Stage.GBA, Stage.MERGE)
        self.fields["inputs"].required = self.stage == Stage.MERGE
        needs["questions"] = self.stage in (PIPELINE, Stage.MERGE)
        for name, is_needed in needs.items():
            if not is_needed:
                del self.fields[name]
        gpus = self.fields["gpus"]
        assert isinstance(gpus, forms.ChoiceField)
        gpus.choices = [("", "Any that is free"), *((one.name, str(one)) for one in settings.GPU_SETS)]
        if not settings.GPU_SETS:
            del self.fields["gpus"]

    def _offer(self, run: Run) -> None:
        offered: dict[str, Any] = {
            "release": run.release_id,
            "questions": run.release_id,
            "base": run.base_id,
            "specialty": run.specialty,
            "seed": run.seed,
            "inputs": list(run.inputs.values_list("pk", flat=True)),
            "gpus": run.job.queue.removeprefix(ANY_GPU).removeprefix("-"),
        }
        self.initial.update((name, value) for name, value in offered.items() if name in self.fields)

    def _choices(self, name: str) -> "forms.ModelChoiceField[Any]":
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field


def bases(study: Study) -> EndpointQuerySet:
    """Local, active endpoints of the study or of the site; those that were not trained here come first."""
    usable = ModelEndpoint.objects.for_study(study).in_use().that_write().exclude(path="")
    return usable.order_by(F("produced_by").asc(nulls_first=True), "name")


def _judges(study: Study) -> list[tuple[str, str]]:
    fitting = ModelEndpoint.objects.for_study(study).in_use().that_write().filter(outputs_may_train=True)
    return [(name, name) for name in fitting.order_by("name").values_list("name", flat=True)]


def _questions(study: Study) -> list[tuple[str, str]]:
    return [(release.digest, str(release)) for release in dev_questions(study).order_by("-pk")]


def _offering(field: forms.Field, offered: list[tuple[str, str]]) -> forms.Field:
    """The same question with what there is to choose from."""
    return forms.ChoiceField(
        choices=[("", "none"), *offered],
        label=field.label,
        initial=field.initial,
        required=False,
        help_text=field.help_text,
    )


def _inputs(study: Study, stage: str) -> Any:
    """Runs that the stage can build on, the newest first."""
    fitting = FEEDS[Stage(stage)] if stage in Stage.values else ()
    runs = Run.objects.filter(study=study, stage__in=fitting)
    return runs.exclude(job__state__in=(JobState.FAILED, JobState.CANCELLED)).order_by("-pk")


def _field(setting: StageSetting, initial: Any) -> forms.Field:
    common: dict[str, Any] = {
        "label": setting.label,
        "initial": initial,
        "required": False,
        "help_text": f"{setting.meaning} Default {spoken_value(setting.default)}.",
    }
    options = [(choice, choice) for choice in setting.choices]
    if setting.kind is tuple:
        # Numbers that were chosen by command are offered, too.
        options += [(choice, choice) for choice in initial if choice not in setting.choices]
        kind: Callable[[Any], Any] = type(setting.default[0])
        return forms.TypedMultipleChoiceField(
            coerce=kind, choices=options, widget=forms.CheckboxSelectMultiple, **common
        )
    if options:
        return forms.ChoiceField(choices=options, **common)
    if setting.kind is int:
        return forms.IntegerField(**common)
    if setting.kind is str:
        return forms.CharField(**common)
    return forms.FloatField(widget=forms.NumberInput({"step": "any"}), **common)
