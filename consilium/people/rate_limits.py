"""Limits per person (settings.RATES): frequent acts in this process's memory, rare ones in the database."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consilium.people.models import Person, Remembered
from consilium.people.requests import signed_in
from consilium.rates import TooMany, buckets, drawn

View = TypeVar("View", bound=Callable[..., Any])


def check_pace(person: Person, act: str) -> None:
    """Count a frequent act: no query, and each web process counts for itself. Raises TooMany."""
    buckets.take((act, person.pk), settings.RATES[act])


@transaction.atomic
def check_rate(person: Person, act: str) -> None:
    """Count a rare, costly act for all web processes together. Raises TooMany."""
    rate, now = settings.RATES[act], time.time()
    expires = timezone.now() + timedelta(seconds=rate.seconds)  # full again: then it may be forgotten
    start = {"value": {"tokens": rate.number, "at": now}, "expires_at": expires}
    rows = Remembered.objects.select_for_update()
    row, _ = rows.get_or_create(key=f"rate:{act}:{person.pk}", defaults=start)
    left, wait = drawn(row.value["tokens"], row.value["at"], now, rate)
    if wait:
        raise TooMany(wait)
    row.value, row.expires_at = {"tokens": left, "at": now}, expires
    row.save(update_fields=["value", "expires_at"])


def limited(act: str) -> Callable[[View], View]:
    """Decorator of a view: each POST counts as one `act`; beyond the limit the person gets a 429."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
            if request.method == "POST":
                check_rate(signed_in(request), act)
            return view(request, *args, **kwargs)

        return cast("View", answer)

    return decorate
