"""The labels of a case as a strip of letters; a tag, because a page of cases has hundreds of them."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from annotation.models import Consensus, Dimension

register = template.Library()

LETTER = '<span title="{}"{}>{}</span>'
ADJUDICATED = mark_safe(" data-adjudicated")


@register.simple_tag
def label_strip(entries: Mapping[str, Consensus]) -> SafeString:
    """One letter per dimension, in their order, with its votes as a title; a mark where a senior decided."""
    letters = (_letter(name, entries.get(name.value)) for name in Dimension)
    return format_html('<span class="label-strip">{}</span>', format_html_join("", LETTER, letters))


def _letter(name: Dimension, entry: Consensus | None) -> tuple[str, str, str]:
    """Title, mark and letter."""
    if entry is None:
        return f"{name.label}: no label", "", "?"
    title = f"{name.label}: {entry.label or 'no label'}, votes {entry.votes_a} to {entry.votes_b}"
    if entry.is_adjudicated:
        return f"{title}, decided by an adjudicator", ADJUDICATED, entry.label or "?"
    return title, "", entry.label or "?"
