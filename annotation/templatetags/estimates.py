"""Shows an estimate with its interval, or says that there is none; the page lists the reasons once."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Maybe, Undefined

register = template.Library()


@register.filter
def estimate(shown: Estimate | None) -> SafeString:
    """0.71 with 0.66 to 0.76 below it, or "undefined"."""
    if shown is None:
        return format_html('<span class="muted small">{}</span>', "No votes")
    if isinstance(shown.value, Undefined):
        return format_html('<span class="muted" title="{}">undefined</span>', shown.value.reason)
    if isinstance(shown.interval, Undefined):
        words = "no interval"
    else:
        words = f"{shown.interval.low:.2f} to {shown.interval.high:.2f}"
    return format_html(
        '{} <span class="muted small estimate-interval">{}</span>', f"{shown.value:.2f}", words
    )


@register.filter
def share(shown: Maybe[float]) -> SafeString:
    """A share in percent, or in words why there is none."""
    if isinstance(shown, Undefined):
        return format_html('<span class="muted" title="{}">undefined</span>', shown.reason)
    return format_html("{} %", f"{100 * shown:.0f}")
