"""Our icons, drawn in static/icons, put into the page as SVG so that they take the text's colour."""

import re
from functools import lru_cache
from pathlib import Path

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

ICON_FOLDER = Path(__file__).resolve().parents[2] / "static" / "icons"
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@lru_cache(maxsize=256)
def drawing(name: str) -> SafeString:
    """The shapes inside static/icons/<name>.svg (16 x 16). Raises FileNotFoundError for an unknown name."""
    found = _DRAWING.search((ICON_FOLDER / f"{name}.svg").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"Icon {name} holds no svg element.")
    return mark_safe(found.group(1))  # noqa: S308 - our own file, never a person's text


def icon_svg(name: str, label: str = "", css_class: str = "") -> SafeString:
    """One icon; hidden from screen readers unless `label` says what it means."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    classes = f"icon {css_class}".strip()
    return format_html('<svg class="{}" viewBox="0 0 16 16" {}>{}</svg>', classes, role, drawing(name))
