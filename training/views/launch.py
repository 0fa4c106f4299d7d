"""The page that launches training, and its part that shows what the trainer will see."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from consilium.pages import one_of, refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Specialty, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import signed_in
from curation.models import Release
from training.forms import LAUNCHED, PIPELINE, LaunchForm
from training.launch import launch as launch_run
from training.launch import launch_pipeline
from training.models import Run, Stage
from training.preconditions import rows_per_specialty
from training.shown_samples import shown_samples
from training.stage_settings import CHOICES

CARDS: Final = (
    {
        "stage": PIPELINE,
        "title": "Pipeline",
        "reads": "Trace release, base model",
        "meaning": "An expert for each specialty of the release, one GBA run on top of them, then the merge.",
    },
    {
        "stage": Stage.DSA,
        "title": "DSA",
        "reads": "Trace release, base model, specialty or all",
        "meaning": "Supervised: one adapter learns the reviewed reasoning of one specialty. Makes an expert.",
    },
    {
        "stage": Stage.GBA,
        "title": "GBA",
        "reads": "Trace release, base model, experts or none",
        "meaning": "Reinforcement: answers under four styles of reasoning, rewarded for being right.",
    },
    {
        "stage": Stage.MERGE,
        "title": "Merge",
        "reads": "Experts, GBA run, dev questions for candidates",
        "meaning": "Puts experts and GBA model into one, leaving out changes that contradict each other.",
    },
    {
        "stage": Stage.JUDGE_SFT,
        "title": "Judge: SFT",
        "reads": "Preference release, base model",
        "meaning": "Supervised: the benchmark's own prompt, answered with the verdict that the readers gave.",
    },
    {
        "stage": Stage.JUDGE_DPO,
        "title": "Judge: DPO",
        "reads": "Preference release, base model",
        "meaning": "Prefers the right verdict to the opposite one, or the better answer to the worse.",
    },
    {
        "stage": Stage.REWARD_MODEL,
        "title": "Reward model",
        "reads": "Preference release, base model",
        "meaning": "Bradley-Terry: scores an answer, higher the one that readers preferred. It judges pairs.",
    },
)


@study_view(Role.LEAD)
@limited("launch")
def launch(request: HttpRequest, study: Study) -> HttpResponse:
    """Launch one stage, or the pipeline of DSA, GBA and merge."""
    person = signed_in(request)
    again = _again(request, study)
    asked = request.POST.get("stage") or request.GET.get("stage") or (again.stage if again else PIPELINE)
    stage = asked if asked in LAUNCHED else PIPELINE
    preset = request.GET.get("preset", "")
    form = LaunchForm(request.POST or None, study=study, stage=stage, preset=preset, again=again)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            arguments = {"study": study, "by": person, **form.launch_arguments()}
            if stage != PIPELINE:
                made = launch_run(**arguments)
                messages.success(request, f"{made} is on the queue.")
                return redirect("training:run", study=study.slug, pk=made.pk)
            runs = launch_pipeline(**arguments)
            messages.success(request, f"{len(runs)} runs are on the queue.")
            return redirect("training:runs", study=study.slug)
    context = {"study": study, "form": form, "lacks": form.lacks(), "cards": CARDS, "again": again}
    return render(request, "training/launch.html", context | _data(form))


@require_GET
@study_view(Role.LEAD)
def launch_data(request: HttpRequest, study: Study) -> HttpResponse:
    """Rows per specialty and the first prompts of the release that the form names."""
    form = LaunchForm(study=study, stage=one_of(request, "stage", LAUNCHED) or PIPELINE)
    for name in ("release", "specialty"):
        form.initial[name] = request.GET.get(name, "")
    settings = _preference_settings(request, form.stage)
    if paradigms := [one for one in request.GET.getlist("gba-paradigms") if one in CHOICES["paradigms"]]:
        settings["paradigms"] = paradigms
    if prompt := one_of(request, "gba-train_prompt", CHOICES["train_prompt"]):
        settings["train_prompt"] = prompt
    if (rollouts := request.GET.get("gba-rollouts", "")).isdecimal():
        settings["rollouts"] = rollouts[:4]
    return render(
        request, "training/launch_data.html", {"study": study, "form": form, **_data(form, settings)}
    )


def _preference_settings(request: HttpRequest, stage: str) -> dict[str, Any]:
    """What of a judge's settings changes the texts that its trainer sees."""
    asked = (
        (name, one_of(request, f"{stage}-{name}", CHOICES[name]))
        for name in ("target", "orders", "dimension")
    )
    return {name: value for name, value in asked if value}


def _again(request: HttpRequest, study: Study) -> Run | None:
    """The run whose choices are to be offered once more."""
    number = request.GET.get("from", "")
    runs = Run.objects.filter(study=study).select_related("release", "base")
    return runs.filter(pk=number).first() if number.isdecimal() and len(number) < 10 else None


def _data(form: LaunchForm, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """What goes in, of the release that the form shows."""
    release = _release(form)
    if release is None:
        return {"rows": [], "samples": []}
    counts = rows_per_specialty(release)
    specialty = str(form["specialty"].value() or "") if form.stage == Stage.DSA else ""
    labels = dict(Specialty.choices)
    rows = [(labels.get(name, "No specialty"), count) for name, count in counts.items()]
    stage = Stage.DSA if form.stage == PIPELINE else form.stage
    return {
        "release": release,
        "rows": rows,
        "samples": shown_samples(release, stage, specialty, settings),
    }


def _release(form: LaunchForm) -> Release | None:
    """The chosen release, else the one that stands first in the list."""
    if "release" not in form.fields:
        return None
    releases: Any = form.fields["release"]
    number = str(form["release"].value() or "")
    offered: QuerySet[Release] = releases.queryset
    chosen = offered.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    return chosen or offered.first()
