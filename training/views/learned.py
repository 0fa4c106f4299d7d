"""What a model learned from, and which models learned from a vote."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from consilium.pages import page_of
from consilium.people.access import study_view
from consilium.people.models import Role, Specialty, Study
from training.learned import JUDGED, judgements_of, learned_parts, learners
from training.models import Run

ROWS = 20
SPECIALTIES = dict(Specialty.choices)


@require_GET
@study_view(Role.LEAD)
def learned(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The releases, rows and readers behind the weights of one run; the rows of one release at a time."""
    runs = Run.objects.filter(study=study).select_related("base", "study", "job")
    one = get_object_or_404(runs, pk=pk)
    parts = learned_parts(one)
    number = request.GET.get("part", "0")
    chosen = int(number) if number.isdecimal() and len(number) < 6 else 0
    if parts and chosen >= len(parts):
        raise Http404("This run read fewer parts.")
    context = {"study": study, "run": one, "chosen": chosen}
    context["parts"] = [
        {"learned": part, "specialty": SPECIALTIES.get(part.part.specialty, "")} for part in parts
    ]
    release = parts[chosen].release if parts else None
    if release is not None:
        is_own = release.came_from is None  # numbers in an imported one are those of another site
        page = page_of(request, parts[chosen].part.rows(release), ROWS)
        behind = judgements_of(release, [row.row_id for row in page])
        context |= {
            "page_obj": page,
            "rows": [
                (row, _trace(row.row_id) if is_own else None, behind.get(row.row_id, [])) for row in page
            ],
        }
    return render(request, "training/learned.html", context)


@require_GET
@study_view(Role.LEAD)
def learned_from(request: HttpRequest, study: Study) -> HttpResponse:
    """The models that learned from a vote, a review, a row, or from whatever one pseudonym judged."""
    asked = request.GET.get("q", "").strip()
    found = learners(study, asked)
    context = {"study": study, "asked": asked, "found": found, "tables": list(JUDGED)}
    return render(request, "training/learned_from.html", context)


def _trace(row_id: str) -> int | None:
    """The key of the trace that a row was frozen from."""
    number = row_id.removeprefix("trace-")
    return int(number) if number != row_id and number.isdecimal() else None
