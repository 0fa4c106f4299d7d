"""Time as the database tells it, so that hosts with different clocks agree about leases."""

from datetime import timedelta

from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def after(seconds: float) -> Combinable:
    """An expression: the database's present plus `seconds` (negative for the past)."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
