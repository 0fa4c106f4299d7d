"""Pages of images: the list, one image, and the pixel review."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from consilium.pages import attempt, chosen_count, one_of, page_of, pills
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import SENIORS
from consilium.people.requests import post_only, signed_in
from consilium.signatures.models import Purpose
from consilium.signatures.proofs import proof_of
from consilium.signatures.reentry import asks_to_sign, current_sitting, sitting_in
from curation.images.pixel_review import (
    check_pixel_review,
    pixel_meaning,
    pixel_signatures,
    sign_pixels,
    waiting,
    withdraw_image,
)
from curation.images.purge import running_purge, start_purge
from curation.models import Image, Source
from curation.permissions import can_sign
from curation.states import ImageState


@require_GET
@study_view(Role.LEAD)
def images(request: HttpRequest, study: Study) -> HttpResponse:
    """All images with their states."""
    rows = Image.objects.filter(study=study).select_related("source", "cluster").order_by("-pk")
    state = one_of(request, "state", ImageState.values)
    states = pills(rows, ImageState, state)
    refused = next((each["count"] for each in states if each["value"] == ImageState.REFUSED), 0)
    context = {
        "study": study,
        "pills": states,
        "page_obj": page_of(request, rows.filter(state=state) if state else rows, count=chosen_count(states)),
        "refused": refused,
        "purge": running_purge(study) if refused else None,
        "grace": settings.PURGE_DAYS,
        "has_sources": Source.objects.filter(study=study).exists(),
    }
    return render(request, "curation/images.html", context)


@require_GET
@study_view(Role.LEAD)
def image(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One image: viewer, facts, reviews, and the questions that use it."""
    rows = Image.objects.select_related("source", "cluster", "batch", "purged_by")
    shown = get_object_or_404(rows, study=study, pk=pk)
    reviews = list(shown.pixel_reviews.select_related("person").order_by("at"))
    signatures = pixel_signatures(shown, reviews)
    context = {
        "study": study,
        "image": shown,
        "viewed": [shown],
        "visible": shown.state in (ImageState.RELEASED, ImageState.QUARANTINED, ImageState.REVIEWED),
        "reviews": [(review, signatures.get(review.pk, [])) for review in reviews],
        "questions": shown.questions.order_by("pk")[:20],
        "purge": running_purge(study) if shown.state == ImageState.REFUSED else None,
        "grace": settings.PURGE_DAYS,
    }
    return render(request, "curation/image.html", context)


@post_only
@study_view(Role.LEAD)
def withdraw(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Take a usable image back."""
    person = signed_in(request)
    shown = get_object_or_404(Image, study=study, pk=pk)

    def act() -> str:
        withdraw_image(image=shown, reason=request.POST.get("reason", ""), by=person)
        return "The image is withdrawn. Its questions stay out of every later release."

    return attempt(request, act, "curation:image", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
def purge(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Delete the pixels of a refused image now."""
    person = signed_in(request)
    shown = get_object_or_404(Image, study=study, pk=pk)

    def act() -> str:
        start_purge(study=study, image=shown, reason=request.POST.get("reason", ""), by=person)
        return "Its pixels are being deleted."

    return attempt(request, act, "curation:image", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
def purge_all(request: HttpRequest, study: Study) -> HttpResponse:
    """Delete the pixels of every refused image, and what held texts were dropped, now."""
    person = signed_in(request)

    def act() -> str:
        start_purge(study=study, reason=request.POST.get("reason", ""), by=person)
        return "What was refused is being deleted."

    return attempt(request, act, "curation:images", study=study.slug)


@require_GET
@study_view(*SENIORS)
def pixel_reviews(request: HttpRequest, study: Study) -> HttpResponse:
    """Images that wait for somebody to look at their pixels."""
    rows = waiting(study).select_related("source", "batch__created_by")
    return render(
        request, "curation/pixel_reviews.html", {"study": study, "page_obj": page_of(request, rows)}
    )


@require_GET
@study_view(*SENIORS)
def pixel_review(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One image to sign: every frame on one sheet."""
    person = signed_in(request)
    rows = waiting(study)
    shown = get_object_or_404(rows.select_related("source", "batch"), pk=pk)
    later = rows.filter(pk__gt=pk).values_list("pk", flat=True).first()
    context = {
        "study": study,
        "image": shown,
        "viewed": [shown],
        "may_sign": can_sign(person, shown),
        "signs_as": {"clean": pixel_meaning(is_clean=True), "refuse": pixel_meaning(is_clean=False)},
        "proof": proof_of(person),
        "is_sitting": current_sitting(request, study, Purpose.PIXELS) is not None,
        "left": rows.count(),
        "next": later,
    }
    return render(request, "curation/pixel_review.html", context)


@post_only
@study_view(*SENIORS)
@asks_to_sign
def sign(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Sign the pixels, then go on with the next image."""
    person = signed_in(request)
    shown = get_object_or_404(Image.objects.select_related("batch", "study"), study=study, pk=pk)
    is_clean = request.POST.get("verdict") == "clean"
    review: dict[str, Any] = {
        "image": shown,
        "pixel_sha256": request.POST.get("pixel_sha256", ""),
        "is_clean": is_clean,
        "note": request.POST.get("note", ""),
        "by": person,
    }

    def act() -> str:
        check_pixel_review(**review)  # what is missing is said before the password is asked for
        sign_pixels(**review, sitting=sitting_in(request, study, pixel_meaning(is_clean)))
        return "Signed as free of identifiers." if is_clean else "Refused. The image is shown to nobody."

    answer = attempt(request, act, "curation:pixel-review", study=study.slug, pk=pk)
    shown.refresh_from_db()
    if shown.state == ImageState.QUARANTINED:
        return answer
    following = waiting(study).filter(pk__gt=pk).first() or waiting(study).first()
    if following is None:
        return redirect("curation:pixel-reviews", study=study.slug)
    return redirect("curation:pixel-review", study=study.slug, pk=following.pk)
