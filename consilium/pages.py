"""What pages share: pagination, state pills, and refusals shown as messages or beside the form."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Count
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from consilium.refusals import Refused

PAGE = 50


def page_of(
    request: HttpRequest, rows: "models.QuerySet[Any]", size: int = PAGE, count: int | None = None
) -> "Page[Any]":
    """The page that the query asks for; a number out of range gives the nearest one.

    `count`: how many rows there are, where the page has counted them before.
    """
    paginator = Paginator(rows, size)
    if count is not None:
        paginator.count = count  # takes the place of its cached property
    return paginator.get_page(request.GET.get("page"))


def pills(
    rows: "models.QuerySet[Any]", states: type[models.TextChoices], chosen: str
) -> list[dict[str, Any]]:
    """One filter link per state that occurs, with its number of rows, in the order of the states."""
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    entries = [{"value": "", "label": "All", "count": sum(counts.values()), "current": not chosen}]
    for state in states:
        if state.value in counts or state.value == chosen:
            count = counts.get(state.value, 0)
            entries.append(
                {"value": state.value, "label": state.label, "count": count, "current": state.value == chosen}
            )
    return entries


def chosen_count(entries: list[dict[str, Any]]) -> int:
    """How many rows the current one of the `pills` has."""
    return int(next(entry["count"] for entry in entries if entry["current"]))


def one_of(request: HttpRequest, name: str, allowed: Iterable[str]) -> str:
    """A query parameter that is one of `allowed`, else empty."""
    value = request.GET.get(name, "")
    return value if value in set(allowed) else ""


def sent(request: HttpRequest) -> tuple[Any, Any]:
    """(fields, files) for a form: None on a GET, so that an empty POST is still a POST."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def attempt(
    request: HttpRequest, act: Callable[[], str], back: str, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Do it, tell the person what came of it, and go to the page named `back`.

    A refusal becomes a message; one of the whole page (403, 404) stays what it is.
    """
    try:
        messages.success(request, act())
    except Refused as refusal:
        if refusal.passes_through:
            raise
        messages.error(request, str(refusal))
    return redirect(reverse(back, args=args, kwargs=kwargs))


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """Show a refusal of the block on the form, at the field that it names; 403 and 404 pass through."""
    try:
        yield
    except Refused as refusal:
        if refusal.passes_through:
            raise
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
