"""Pages of the benchmark: leaderboards, one evaluation, launching."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from benchmark import presentation
from benchmark.batches import unfinished_batches
from benchmark.card_words import card_lines
from benchmark.estimate import estimate_scoring
from benchmark.estimate_words import estimate_lines
from benchmark.forms import EvaluationForm
from benchmark.kept_leaderboard import kept_judges, kept_solvers, refresh_leaderboard
from benchmark.launch import evaluate
from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from benchmark.pause import give_up_evaluation, pause_evaluation, resume_evaluation
from benchmark.preconditions import TrainedOnRows
from benchmark.presentation import NOT_SCORED
from benchmark.progress_words import shown_progress
from benchmark.publish import content_of_evaluation
from benchmark.rerun_check import newest_rerun_check
from consilium.answers.dimensions import DIMENSIONS
from consilium.hub.panel import push_panel
from consilium.pages import attempt, page_of, refusals_on
from consilium.people.access import study_view
from consilium.people.models import Person, Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from curation.models import Release, ReleaseKind
from curation.releases.freeze import rows_of
from curation.states import ReleaseState

SHOWN = 100
SIDES = ("A", "B")


@study_view(Role.LEAD)
def leaderboard(request: HttpRequest, study: Study) -> HttpResponse:
    """Judges on one preference release and solvers on one question release; the newest unless chosen."""
    context: dict[str, Any] = {"study": study, "dimensions": DIMENSIONS}
    context |= _being_scored(study)
    context["judges"] = _judges(request, study)
    context["solvers"] = _solvers(request, study)
    return render(request, "benchmark/leaderboard.html", context)


@post_only
@study_view(Role.LEAD)
def compute_leaderboard(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Compute the figures of one release anew and show them."""
    release = get_object_or_404(Release.objects.select_related("study"), study=study, pk=pk)
    refresh_leaderboard(release, signed_in(request))
    page = reverse("benchmark:leaderboard", kwargs={"study": study.slug})
    return redirect(f"{page}?{request.GET.urlencode()}" if request.GET else page)


@study_view(Role.LEAD)
@limited("launch")
def launch(request: HttpRequest, study: Study, kind: str) -> HttpResponse:
    """Score models as judges or as solvers."""
    person = signed_in(request)
    if kind not in EvaluationKind.values:
        raise Http404("No such kind of evaluation.")
    form = EvaluationForm(request.POST or None, study=study, kind=EvaluationKind(kind))
    context: dict[str, Any] = {"study": study, "form": form, "kind": kind, "lacks": form.lacks()}
    if "estimate" in request.POST:  # without scripts
        context["estimate"] = _estimate(study, kind, form, person)
    elif request.method == "POST" and form.is_valid():
        with refusals_on(form):
            try:
                made = evaluate(
                    study=study,
                    kind=kind,
                    by=person,
                    letter_probabilities=form.asks_letters,
                    **form.wanted(),
                )
            except TrainedOnRows as refusal:
                context["shared_url"] = _shared_url(study, form.cleaned_data["release"], refusal)
                raise
            what = "1 evaluation is" if len(made) == 1 else f"{len(made)} evaluations are"
            messages.success(request, f"{what} on the queue.")
            return redirect("benchmark:batch", study=study.slug, batch=made[0].batch)
    return render(request, "benchmark/launch.html", context)


def _shared_url(study: Study, release: Release, refusal: TrainedOnRows) -> str:
    """Where all rows stand of which the refusal names a few."""
    place = {"study": study.slug, "pk": release.pk, "endpoint": refusal.endpoint.pk}
    return reverse("benchmark:shared-data", kwargs=place)


@require_GET
@study_view(Role.LEAD)
def estimate(request: HttpRequest, study: Study, kind: str) -> HttpResponse:
    """What scoring as chosen would take: the fragment of the launch page that follows its form."""
    person = signed_in(request)
    if kind not in EvaluationKind.values:
        raise Http404("No such kind of evaluation.")
    form = EvaluationForm(request.GET, study=study, kind=EvaluationKind(kind))
    context = {"estimate": _estimate(study, kind, form, person)}
    return render(request, "benchmark/estimate.html", context)


def _estimate(study: Study, kind: str, form: EvaluationForm, person: Person) -> dict[str, Any]:
    """The lines of an estimate, or why there are none."""
    if not form.is_valid():
        return {"refusal": "Choose a release and at least one model to see what it takes."}
    try:
        found = estimate_scoring(study=study, kind=kind, by=person, **form.wanted())
    except Refused as refusal:
        return {"refusal": str(refusal)}
    return estimate_lines(found)


@study_view(Role.LEAD)
def evaluation(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One evaluation: its job, its card, its raw replies."""
    one = _found(study, pk)
    context: dict[str, Any] = {"study": study, **shown_progress(one)}
    if one.kind == EvaluationKind.JUDGE:
        context |= _verdicts(request, one)
    else:
        results = SolverResult.objects.filter(evaluation=one).select_related("reply", "judge_reply")
        ordered = results.annotate(place=_place_in(one.release)).order_by("place")
        context["page"] = page_of(request, ordered, SHOWN)
    content = content_of_evaluation(one)
    context |= {
        "card": card_lines(one),
        "check": newest_rerun_check(one),
        "hub": push_panel(content) if content else None,
    }
    return render(request, "benchmark/evaluation.html", context)


@study_view(Role.LEAD)
def live(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The moving part of an evaluation's page; asks for itself until the job is over, then for the page."""
    one = _found(study, pk)
    response = render(request, "benchmark/live.html", {"study": study, **shown_progress(one)})
    if one.job.is_over:
        response["HX-Refresh"] = "true"
    return response


@post_only
@study_view(Role.LEAD)
def pause(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Stop asking for now."""
    return _act(request, study, pk, pause_evaluation, "is paused; what was answered stays.")


@post_only
@study_view(Role.LEAD)
@limited("launch")
def resume(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Go on at what is missing."""
    return _act(request, study, pk, resume_evaluation, "is on the queue again; it asks for what is missing.")


@post_only
@study_view(Role.LEAD)
def give_up(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Stop it for good."""
    return _act(request, study, pk, give_up_evaluation, "is stopped.")


def _act(
    request: HttpRequest, study: Study, pk: int, change: Callable[..., Evaluation], outcome: str
) -> HttpResponse:
    def act() -> str:
        return f"{change(evaluation=_found(study, pk), by=signed_in(request)).endpoint} {outcome}"

    return attempt(request, act, "benchmark:evaluation", study=study.slug, pk=pk)


def _found(study: Study, pk: int) -> Evaluation:
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    return get_object_or_404(related, study=study, pk=pk)


def _verdicts(request: HttpRequest, one: Evaluation) -> dict[str, Any]:
    """One page of verdicts, their values in the order of the head: stored JSON may come back in another."""
    stored = Verdict.objects.filter(evaluation=one).select_related("reply")
    ordered = stored.annotate(place=_place_in(one.release)).order_by("place", "order")
    page = page_of(request, ordered, SHOWN)
    values = [(verdict, [_stated(verdict, name) for name in DIMENSIONS]) for verdict in page]
    probable = any(verdict.probabilities for verdict in page)
    return {"page": page, "verdicts": values, "dimensions": DIMENSIONS, "probable": probable}


def _stated(verdict: Verdict, name: str) -> dict[str, Any]:
    """A letter or why there is none, and how probable the judge holds the letter."""
    letter = verdict.parsed.get(name)
    first = (verdict.probabilities or {}).get(name)
    held = None if first is None or letter not in SIDES else first if letter == SIDES[0] else 1 - first
    why = "invalid" if name in verdict.parsed else NOT_SCORED
    return {"letter": letter, "why": why, "held": "" if held is None else presentation.percent(held)}


def _place_in(release: Release) -> Subquery:
    """Where the release has the row of a verdict or an answer: as numbers, case-10 comes after case-9."""
    return Subquery(rows_of(release).filter(row_id=OuterRef("row_id")).values("position"))


def _being_scored(study: Study) -> dict[str, Any]:
    batches = unfinished_batches(study)
    return {"batches": batches, "is_live": any(batch.is_live for batch in batches)}


def _judges(request: HttpRequest, study: Study) -> dict[str, Any]:
    release, releases = _release(study, ReleaseKind.PREFERENCES, request.GET.get("judges"))
    figures, kept = kept_judges(release) if release else (None, None)
    lines = figures.lines if figures else []
    return {
        "release": release,
        "releases": releases,
        "kept": kept,
        "compute_url": _compute_url(request, study, release),
        "table": presentation.judge_table(lines),
        "leads": presentation.lead_table(lines),
        "chart": presentation.judge_chart(lines) if lines else "",
        "count": release.row_count if release else None,
    }


def _solvers(request: HttpRequest, study: Study) -> dict[str, Any]:
    release, releases = _release(study, ReleaseKind.QUESTIONS, request.GET.get("solvers"))
    figures, kept = kept_solvers(release) if release else (None, None)
    lines = figures.lines if figures else []
    names = presentation.specialties_in(lines)
    return {
        "release": release,
        "releases": releases,
        "kept": kept,
        "compute_url": _compute_url(request, study, release),
        "specialties": [presentation.specialty_label(name) for name in names],
        "table": presentation.solver_table(lines, names),
        "chart": presentation.solver_chart(lines, figures.chance) if figures and lines else "",
        "count": figures.questions if figures else None,
    }


def _compute_url(request: HttpRequest, study: Study, release: Release | None) -> str:
    """Where to ask for the figures of the release anew, coming back to the same page."""
    if release is None:
        return ""
    address = reverse("benchmark:compute-leaderboard", kwargs={"study": study.slug, "pk": release.pk})
    return f"{address}?{request.GET.urlencode()}" if request.GET else address


def _release(study: Study, kind: str, chosen: str | None) -> tuple[Release | None, list[Release]]:
    frozen = Release.objects.filter(study=study, kind=kind).exclude(digest="").select_related("study")
    releases = list(frozen.order_by("-frozen_at"))
    wanted = next((release for release in releases if str(release.pk) == chosen), None)
    standing = next((release for release in releases if release.state == ReleaseState.FROZEN), None)
    return wanted or standing or next(iter(releases), None), releases
