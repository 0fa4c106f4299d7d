"""WCAG 2.2 AA on the colour tokens: 4.5:1 for text, 3:1 for edges of controls, focus rings, chart lines."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(TOKENS)}

SURFACES = ("surface", "surface-raised", "surface-sunken", "surface-hover", "surface-bar")
TONES = ("success", "warning", "danger", "info", "neutral")
TEXT_PAIRS = (
    [(text, surface) for text in ("text", "text-muted") for surface in (*SURFACES, "surface-selected")]
    + [("accent", surface) for surface in SURFACES]
    + [(text, f"{tone}-soft") for tone in (*TONES, "accent") for text in (tone, "text")]
    + [(tone, surface) for tone in TONES for surface in ("surface", "surface-raised", "surface-hover")]
    + [("accent-contrast", "accent"), ("accent-contrast", "accent-hover"), ("accent-hover", "surface-raised")]
    + [("danger-contrast", "danger-solid"), ("image-text", "image-surround"), ("text-muted", "accent-soft")]
    + [("text", "diff-added"), ("text", "diff-removed"), ("surface-raised", "neutral")]
)
MARK_PAIRS = (
    [("border-strong", surface) for surface in SURFACES]
    + [("focus", surface) for surface in (*SURFACES, "accent-soft")]
    + [(f"chart-{number}", "surface-raised") for number in range(1, 7)]
    + [("chart-axis", "surface-raised")]
)


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2 definition)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_knows_its_two_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), TEXT_PAIRS)
def test_text_is_readable(text: str, background: str, theme: str) -> None:
    assert contrast(COLOURS[text][theme], COLOURS[background][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "background"), MARK_PAIRS)
def test_marks_are_visible(mark: str, background: str, theme: str) -> None:
    assert contrast(COLOURS[mark][theme], COLOURS[background][theme]) >= 3


def test_every_colour_is_decided_in_the_tokens() -> None:
    allowed = {"#fff"}  # behind a code that a phone scans
    folder = Path(settings.BASE_DIR) / "static/css"
    found = {
        colour
        for path in folder.glob("*.css")
        if path.name != "tokens.css"
        for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())
    }
    assert found <= allowed


def test_every_token_used_without_a_fallback_exists() -> None:
    folder = Path(settings.BASE_DIR) / "static"
    css = "\n".join(path.read_text() for path in folder.rglob("*.css"))
    defined = set(re.findall(r"(--[\w-]+)\s*:", css))
    used = set(re.findall(r"var\((--[\w-]+)\)", css))
    assert used <= defined
