"""Drawings of an export: those of our cards pass, nothing that runs, is fetched or hides a text does."""

from pathlib import Path

import pytest

from curation.cards.figures import bars_svg, intervals_svg
from curation.gate.svg import svg_fault, svg_texts
from curation.releases.export_gate import ExportRefused, check_export
from tests.factories.cast import Cast

START = '<svg xmlns="http://www.w3.org/2000/svg" width="10">'


def drawing(inside: str, start: str = START) -> bytes:
    return f"{start}{inside}</svg>\n".encode()


def test_the_figures_of_cards_pass_and_all_their_texts_are_seen() -> None:
    bars = bars_svg(
        "Steps & <more>", ["accepted", "edited", "rejected"], [("Adult <b>", [10, 2, 0])]
    ).encode()
    dots = intervals_svg(
        "Agreement", "AC1", [("Overall", -0.2, (-0.4, 0.1)), ("Accuracy", 0.5, None)]
    ).encode()
    assert (svg_fault(bars), svg_fault(dots)) == ("", "")
    assert {"Steps & <more>", "Adult <b>", "accepted", "12"} <= set(svg_texts(bars))
    assert {"Agreement", "-0.20 (-0.40 to 0.10)", "0.50"} <= set(svg_texts(dots))


@pytest.mark.parametrize(
    "content",
    [
        drawing("<script>alert(1)</script>"),
        drawing('<rect onload="alert(1)"/>'),
        drawing('<image href="https://a.example/x.png"/>'),
        drawing('<a href="https://a.example"><text>x</text></a>'),
        drawing("<style>@import 'https://a.example/x.css';</style>"),
        drawing("<style>rect{fill:url(https://a.example/x)}</style>"),
        drawing("<foreignObject><text>x</text></foreignObject>"),
        drawing("<!-- Jane Roe --><text>x</text>"),
        drawing('<?xml-stylesheet href="https://a.example/x.css"?>'),
        drawing('<rect style="fill:url(#x)"/>'),
        drawing('<text x="0415551212">x</text>'),
        drawing('<rect class="jane-roe"/>'),
        drawing("<text>", START),
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + drawing("<text>&a;</text>"),
        drawing("", '<svg width="1">'),
        drawing('<html xmlns="http://www.w3.org/1999/xhtml"/>'),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    assert svg_fault(content)


def test_the_gate_names_the_drawing_and_the_rule(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    place = tmp_path / "figures" / "a.svg"
    for inside, found in (
        ("<text>Ask jane@hospital.org</text>", "it holds an e-mail address"),
        ("<desc>Seen by Dr Smith</desc>", "it holds a person's name"),
        ("<script/>", "it holds an element 'script'"),
    ):
        place.write_bytes(drawing(inside))
        with pytest.raises(ExportRefused, match=rf"^Drawing figures/a\.svg: {found}"):
            check_export(tmp_path, study=cast.study, images={})
    place.write_bytes(drawing("<text>Chest</text>"))
    check_export(tmp_path, study=cast.study, images={})
