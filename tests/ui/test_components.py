"""Components as pages use them: what people read, what screen readers read, what the policy forbids."""

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from consilium.states.tables import StateTable
from consilium.ui.icons import ICON_FOLDER, icon_svg
from consilium.ui.state_badges import LOOKS, look

ROOT = Path(settings.BASE_DIR)
STATE_MODULES = [
    "consilium.jobs.states",
    "consilium.workqueue.states",
    "curation.states",
    "annotation.states",
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def render(text: str, /, **context: object) -> str:
    return Template("{% load ui %}" + text).render(Context(context)).strip()


class Sample(forms.Form):
    name = forms.CharField(help_text="Shown to members.")
    note = forms.CharField(required=False)


# --- what the content security policy forbids --------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text)
    assert not re.search(r"\bhx-on\b|javascript:", text)
    scripts = re.findall(r"<script\b([^>]*)>", text)
    assert all("src=" in script or "application/json" in script for script in scripts)


# --- icons and states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(ICON_FOLDER.glob("*.svg")), ids=lambda path: path.stem)
def test_icons_are_plain_drawings(path: Path) -> None:
    root = ElementTree.fromstring(path.read_text())
    assert root.get("viewBox") == "0 0 16 16"
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags <= {"svg", "path", "circle", "rect", "ellipse"}


def test_every_icon_a_template_names_exists() -> None:
    named = {name for path in TEMPLATES for name in re.findall(r"{% icon \"([\w-]+)\"", path.read_text())}
    assert named
    assert named <= {path.stem for path in ICON_FOLDER.glob("*.svg")}


def test_an_icon_alone_has_a_name_and_a_decorative_one_is_hidden() -> None:
    assert 'role="img" aria-label="Waits &lt;long&gt;"' in icon_svg("clock", "Waits <long>")
    assert 'aria-hidden="true"' in icon_svg("clock")


def test_an_unknown_state_is_shown_in_plain_words() -> None:
    assert look("half_done") == ("Half done", "neutral", "full")


@pytest.mark.parametrize("module", STATE_MODULES)
def test_every_state_of_the_product_has_a_look(module: str) -> None:
    tables = [value for value in vars(import_module(module)).values() if isinstance(value, StateTable)]
    assert tables
    assert {str(state) for table in tables for state in table.states} <= set(LOOKS)


def test_every_tone_exists_in_the_stylesheet() -> None:
    css = (ROOT / "static/css/components.css").read_text()
    known = set(re.findall(r'\[data-tone="(\w+)"\]', css)) | {"neutral"}
    assert {shown.tone for shown in LOOKS.values()} <= known


def test_badge_says_the_state_in_words() -> None:
    html = render('{% badge "failed_check" %}')
    assert "Failed a check" in html
    assert 'data-tone="danger"' in html


# --- small components ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"), [("Dr. Ada Okafor", "AO"), ("Mei", "M"), ("Jon van der Reyes", "JR"), ("", "")]
)
def test_initials(name: str, expected: str) -> None:
    assert render("{{ name|initials }}", name=name) == expected


def test_digest_copies_in_full() -> None:
    html = render("{% digest value %}", value="ab" * 32)
    assert f'data-copy="{"ab" * 32}"' in html
    assert f">{'ab' * 6}<" in html


def test_progress_without_an_end_has_no_value() -> None:
    assert "value=" not in render('{% progress None 1 label="Waiting" %}')
    known = render('{% progress 3 40 label="Cases" %}')
    assert 'max="40" value="3"' in known
    assert "3 of 40" in known


def test_diff_marks_words_and_escapes() -> None:
    html = render("{% diff a b %}", a="the <left> lobe", b="the <right> lobe")
    assert "<del>left</del><ins>right</ins>" in html
    assert "&lt;" in html


def test_pagination_keeps_the_other_filters() -> None:
    request = RequestFactory().get("/", {"state": "open", "page": "2"})
    html = render("{% pagination page %}", page=Paginator(range(60), 25).page(2), request=request)
    assert "?state=open&amp;page=1" in html
    assert "?state=open&amp;page=3" in html
    assert "26\u201350 of 60" in html


def test_block_components_escape_their_titles_and_keep_their_content() -> None:
    html = render("{% panel title=title %}<p>{{ text }}</p>{% endpanel %}", title="<b>", text="<i>")
    assert "&lt;b&gt;" in html
    assert "<p>&lt;i&gt;</p>" in html


# --- forms --------------------------------------------------------------------------------------------------


def test_a_field_is_described_by_its_help_and_its_error() -> None:
    form = Sample({"name": ""})
    html = render("{% form_fields form %}", form=form)
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described
    assert all(f'id="{name}"' in html for name in described.group(1).split())
    assert len(described.group(1).split()) == 2
    assert 'aria-invalid="true"' in html


def test_only_optional_fields_are_marked() -> None:
    assert "optional" not in render("{% field form.name %}", form=Sample())
    assert "optional" in render("{% field form.note %}", form=Sample())


# --- the frame ----------------------------------------------------------------------------------------------


def test_reader_attributes_take_only_known_choices() -> None:
    request = SimpleNamespace(COOKIES={"consilium_theme": "dark", "consilium_text": '"><script>'})
    assert (
        render("{% reader_attributes %}", request=request)
        == 'data-theme="dark" data-text="normal" data-keys="on"'
    )


def test_reader_attributes_work_without_a_request() -> None:
    assert render("{% reader_attributes %}") == 'data-theme="auto" data-text="normal" data-keys="on"'


def test_error_page_renders_without_any_context() -> None:
    html = Template("{% extends '500.html' %}").render(Context())
    assert "Something failed on our side" in html


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("the line is not UTF-8 text", "The line is not UTF-8 text."),
        ("It is a PDF.", "It is a PDF."),
        ("", ""),
    ],
)
def test_a_reason_is_shown_as_a_sentence(reason: str, expected: str) -> None:
    assert render("{{ reason|sentence }}", reason=reason) == expected
