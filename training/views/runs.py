"""Pages of the runs of a study, and of one run."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from consilium.hub.panel import push_panel
from consilium.hub.registry import Content
from consilium.jobs.states import JobState
from consilium.pages import attempt, page_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.ui.durations import about
from training.curves import curves
from training.downloads import card_text_of, figures_lines, weights_zip
from training.gpu_queue import gpu_queue
from training.kept_answers import kept_answers
from training.merge_report import candidate_table, kept_shares_of, merge_charts
from training.model_card import card_parts
from training.model_card import model_card as card_of
from training.models import ProducedModel, Run, RunAttempt
from training.pace import pace_of
from training.paradigm_curves import paradigm_curves
from training.publish import contents_of_model
from training.resume import RESUMABLE
from training.resume import resume as resume_run
from training.run_card import run_card
from training.run_log import log_tail, whole_log

SHOWN = 50
LAST_STEP = ("loss", "reward", "kl", "mean_token_accuracy")
MEANS = {
    **dict.fromkeys(("sign_conflict", "mass_discarded", "cosine"), ", mean of all tensors"),
    "kept_share": ", mean of all models",
}


def _runs(study: Study) -> "QuerySet[Run]":
    related = ("job", "base", "release", "produced__endpoint", "created_by")
    return Run.objects.filter(study=study).select_related(*related)


@study_view(Role.LEAD)
def runs(request: HttpRequest, study: Study) -> HttpResponse:
    """All runs of the study, newest first."""
    page = page_of(request, _runs(study).order_by("-pk"), SHOWN)
    return render(request, "training/runs.html", {"study": study, "page": page, "queue": gpu_queue(study)})


@study_view(Role.LEAD)
def run(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One run: progress, curves, what went in and what came out."""
    one = get_object_or_404(_runs(study), pk=pk)
    context: dict[str, Any] = {"study": study, "run": one, **_live(one)}
    context["inputs"] = one.inputs.select_related("job").order_by("pk")
    context["produced"] = ProducedModel.objects.filter(run=one).select_related("endpoint").first()
    context["metrics"] = _metrics(context["produced"])
    context["kept_shares"] = kept_shares_of(one, context["produced"])
    context["merge_charts"] = merge_charts(one, context["produced"])
    context["cards"] = card_parts(context["produced"]) if context["produced"] else []
    context["panels"] = [push_panel(content) for content in _contents(context["produced"], one)]
    context["checkpoints"] = one.checkpoints.order_by("-step")
    context["attempts"] = one.attempts.order_by("number")
    seconds = sum(attempt.seconds for attempt in context["attempts"])
    context["seconds_words"] = f"{seconds:,.0f} seconds in all"
    context["may_resume"] = one.job.state in RESUMABLE
    context["log"] = log_tail(one)
    context["paradigm_rows"] = paradigm_curves(one)
    context["kept_answers"] = kept_answers(one)
    context["card"] = run_card(one)
    return render(request, "training/run.html", context)


@study_view(Role.LEAD)
def paradigms(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The curves by paradigm; they ask for themselves again until the job is over."""
    one = get_object_or_404(_runs(study), pk=pk)
    context = {"study": study, "run": one, "paradigm_rows": paradigm_curves(one)}
    return render(request, "training/paradigms.html", context)


@study_view(Role.LEAD)
def model_card(request: HttpRequest, study: Study, pk: int, part: str) -> HttpResponse:
    """The card of the model that a run made, or of its adapter, as a file to keep beside the weights."""
    one = get_object_or_404(_runs(study), pk=pk)
    rows = ProducedModel.objects.select_related("run__study", "run__base", "endpoint")
    produced = get_object_or_404(rows, run=one)
    if part not in card_parts(produced):
        raise Http404("This run made no such part.")
    response = HttpResponse(card_of(produced, part), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="README.md"'
    return response


@study_view(Role.LEAD)
def live(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The moving part of the page; asks for itself again until the job is over, then for the whole page."""
    one = get_object_or_404(_runs(study), pk=pk)
    response = render(request, "training/live.html", {"study": study, "run": one, **_live(one)})
    if one.job.is_over:
        response["HX-Refresh"] = "true"
    return response


@post_only
@study_view(Role.LEAD)
@limited("launch")
def resume(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Put a run that was stopped or failed on the queue again."""
    one = get_object_or_404(_runs(study).select_related("study"), pk=pk)

    def act() -> str:
        resume_run(run=one, by=signed_in(request))
        return f"{one} is on the queue again; it goes on from its newest checkpoint."

    return attempt(request, act, "training:run", study=study.slug, pk=pk)


@study_view(Role.LEAD)
def log(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The end of the training process's log; asks for itself again until the job is over."""
    one = get_object_or_404(_runs(study), pk=pk)
    return render(request, "training/log.html", {"study": study, "run": one, "log": log_tail(one)})


@require_GET
@study_view(Role.LEAD)
def download(request: HttpRequest, study: Study, pk: int, part: str) -> HttpResponse | StreamingHttpResponse:
    """One file of a run: card, figures, log, or the weights of model or adapter."""
    one = get_object_or_404(_runs(study).select_related("study"), pk=pk)
    name = f"{study.slug}-run-{one.pk}"
    if part == "card":
        return _file(card_text_of(one), f"{name}.json", "application/json")
    if part == "figures":
        return _file("".join(figures_lines(one)), f"{name}.jsonl", "application/jsonl")
    if part == "log":
        if (text := whole_log(one)) is None:
            raise Http404("The log is not on this host.")
        return _file(text, f"{name}.log", "text/plain")
    produced = ProducedModel.objects.filter(run=one).select_related("endpoint").first()
    content = next((found for found in _contents(produced, one) if found.kind == part), None)
    if content is None:
        raise Http404("This run made no such part.")
    response = StreamingHttpResponse(
        weights_zip(content=content, by=signed_in(request)), content_type="application/zip"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}-{part}.zip"'
    return response


def _file(text: str, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _live(one: Run) -> dict[str, object]:
    address = reverse("training:run", args=[one.study.slug, one.pk])
    waits_for = ""
    if one.job.state == JobState.QUEUED:
        over = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
        waits_for = ", ".join(map(str, one.inputs.exclude(job__state__in=over).order_by("pk")))
    newest = one.attempts.order_by("-number").first() if one.job.state == JobState.RUNNING else None
    return {
        "job": one.job,
        "curves": curves(one),
        "next": address,
        "waits_for": waits_for,
        "attempt": newest,
        "candidates": candidate_table(one, ProducedModel.objects.filter(run=one).first()),
        **_paced(one, newest),
    }


def _paced(one: Run, newest: RunAttempt | None) -> dict[str, object]:
    """How far it is in words, and how fast it goes."""
    job = one.job
    told = f"{job.progress_done} of {job.progress_total}"
    pace = pace_of(one, newest)
    if pace is not None and pace.seconds_left:
        told = f"{told}, {about(pace.seconds_left)}"
    return {"told": told, "pace": pace}


def _contents(produced: ProducedModel | None, one: Run) -> list[Content]:
    if produced is None:
        return []
    produced.run = one  # with its study, as it was read
    return contents_of_model(produced)


def _metrics(produced: ProducedModel | None) -> list[tuple[str, str]]:
    """The last figures of the run card, in words."""
    if produced is None:
        return []
    told = [(_in_words(name), f"{value:.4g}") for name, value in produced.card.get("metrics", {}).items()]
    if seconds := produced.card.get("seconds"):
        told.append(("Seconds since the last start", f"{seconds:.0f}"))
    return told


def _in_words(name: str) -> str:
    """What a figure is, and of what: an average and one step's value are easily misread."""
    of = ", last step" if name in LAST_STEP else MEANS.get(name, "")
    words = "KL divergence" if name == "kl" else name.replace("_", " ").capitalize()
    return words + of
