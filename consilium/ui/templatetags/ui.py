"""The design system's components as template tags; docs/design-system.md shows each one in use.

A tag that wraps content (`panel`, `dialog`, `banner`, `menu`) is closed by its `{% endpanel %}` and so on.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from consilium.ui import bundles, preferences
from consilium.ui.icons import icon_svg
from consilium.ui.state_badges import look

register = template.Library()

BANNER_ICONS = {
    "info": "info",
    "success": "success",
    "warning": "warning",
    "danger": "error",
    "accent": "info",
}


def _render(name: str, /, **context: Any) -> SafeString:
    return render_to_string(f"components/{name}.html", context)


def _join(content: Iterable[Any]) -> SafeString:
    return mark_safe("".join(conditional_escape(part) for part in content))  # noqa: S308 - each part is escaped


class FixedNode(template.Node):
    """Renders its content once and then repeats it."""

    def __init__(self, content: template.NodeList) -> None:
        self._content = content
        self._text: SafeString | None = None

    def render(self, context: Context) -> SafeString:
        """The same text for everybody."""
        if self._text is None:
            self._text = self._content.render(context)
        return self._text


@register.tag
def fixed(parser: template.base.Parser, token: template.base.Token) -> FixedNode:
    """`{% fixed %}...{% endfixed %}`: content that is the same on every page, e.g. links to scripts.

    It is rendered once per process: nothing of the request, the person or the object may stand in it.
    """
    content = parser.parse(("endfixed",))
    parser.delete_first_token()
    return FixedNode(content)


# --- the page -------------------------------------------------------------------------------------------


@register.simple_tag
def styles(bundle: str) -> SafeString:
    """The style sheets of a bundle of static/bundles.json: one link, or one for each while developing."""
    link = '<link rel="stylesheet" href="{}">'
    return format_html_join("\n  ", link, ((static(name),) for name in _served(bundle, "styles")))


@register.simple_tag
def scripts(bundle: str) -> SafeString:
    """The scripts of a bundle, alike. A page takes one bundle: two would run what they share twice."""
    script = '<script type="module" src="{}"></script>'
    return format_html_join("\n  ", script, ((static(name),) for name in _served(bundle, "scripts")))


def _served(bundle: str, part: bundles.Part) -> list[str]:
    joined = bundles.joined_path(bundle, part)
    collected = getattr(staticfiles_storage, "hashed_files", {})
    return [joined] if joined in collected else bundles.files_of(bundle, part)


@register.simple_tag(takes_context=True)
def reader_attributes(context: Context) -> SafeString:
    """Data attributes of <html> from the reader's cookies; works on error pages, which have no request."""
    request = context.get("request")
    chosen = preferences.read_preferences(request.COOKIES if request else {})
    return format_html_join(" ", 'data-{}="{}"', chosen.items())


@register.simple_tag(takes_context=True)
def reader_choice(context: Context, name: str) -> str:
    """The reader's choice for "theme", "text" or "keys"."""
    request = context.get("request")
    return preferences.read_preferences(request.COOKIES if request else {})[name]


@register.simple_tag
def crumb(label: str, url: str = "") -> SafeString:
    """One entry of the breadcrumb block: a link, or plain text without a url."""
    inner = format_html('<a href="{}">{}</a>', url, label) if url else format_html("{}", label)
    return format_html("<li>{}</li>", inner)


@register.simple_tag
def icon(name: str, label: str = "", css_class: str = "") -> SafeString:
    """An icon of static/icons; give `label` only when the icon stands alone."""
    return icon_svg(name, label, css_class)


@register.simple_tag
def kbd(keys: str) -> SafeString:
    """Keys to press, separated by spaces: `{% kbd "Shift Enter" %}`."""
    return format_html_join(" ", '<kbd class="kbd">{}</kbd>', ((key,) for key in keys.split()))


# --- small things ---------------------------------------------------------------------------------------


@register.simple_tag
def badge(state: str, label: str = "", tone: str = "") -> SafeString:
    """The badge of a state name; `label` and `tone` override its words and its tone."""
    shown = look(str(state))
    return format_html(
        '<span class="badge" data-tone="{}" data-shape="{}"><span class="badge-dot"></span>{}</span>',
        tone or shown.tone,
        shown.shape,
        label or shown.label,
    )


@register.filter
def tone(state: str) -> str:
    """The tone of a state name, for `data-tone`."""
    return look(str(state)).tone


@register.filter
def state_label(state: str) -> str:
    """The words of a state name."""
    return look(str(state)).label


MESSAGE_TONES = {"success": "success", "warning": "warning", "error": "danger"}


@register.filter
def message_tone(level_tag: str) -> str:
    """The tone of one of Django's messages."""
    return MESSAGE_TONES.get(level_tag, "info")


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, for short option lists in templates."""
    return text.split()


@register.filter
def in_words(name: str) -> str:
    """A stored name as people read it: "case.blind_vote" is "Case: blind vote"."""
    text = str(name).replace("blob.", "stored file.").replace(".", ": ").replace("_", " ")
    return text[:1].upper() + text[1:]


@register.filter
def sentence(text: str) -> str:
    """A reason as a whole sentence: a capital letter first, a full stop last."""
    words = str(text).strip()
    return words[:1].upper() + words[1:].removesuffix(".") + "." if words else ""


@register.filter
def initials(name: Any) -> str:
    """One or two capital letters of a name."""
    words = re.findall(r"\w+", re.sub(r"^(dr|prof)\.?\s+", "", str(name), flags=re.IGNORECASE))
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag
def avatar(name: Any, size: str = "") -> SafeString:
    """Initials in a circle; decorative, so write the name beside it (or use `person`)."""
    classes = "avatar avatar-large" if size == "large" else "avatar"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials(name))


@register.simple_tag
def person(who: Any) -> SafeString:
    """Avatar and name."""
    return format_html('<span class="person">{}<span class="truncate">{}</span></span>', avatar(who), who)


@register.simple_tag
def digest(value: str, length: int = 12) -> SafeString:
    """A shortened digest that copies in full."""
    return _render("digest", value=value, short=value[:length])


@register.simple_tag
def progress(
    value: float | None, maximum: float, label: str = "", note: str = "", tone: str = ""
) -> SafeString:
    """A progress bar; `value` None means the end is unknown. Without `note` it says "value of maximum"."""
    known = value is not None
    text = note or (f"{value:g} of {maximum:g}" if value is not None else "")
    return _render("progress", value=value, maximum=maximum, known=known, label=label, note=text, tone=tone)


@register.simple_tag
def stat(label: str, value: Any, unit: str = "", note: str = "", url: str = "") -> SafeString:
    """One figure in a tile; with `url` the tile is a link."""
    return _render("stat", label=label, value=value, unit=unit, note=note, url=url)


@register.simple_tag
def facts(pairs: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> SafeString:
    """A definition list from a mapping or pairs."""
    rows = pairs.items() if isinstance(pairs, Mapping) else pairs
    return format_html('<dl class="facts">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))


@register.simple_tag
def tabs(items: Iterable[Mapping[str, Any]], label: str = "Sections") -> SafeString:
    """Links between the pages of one object: items of {label, url, current, count}."""
    return _render("tabs", items=items, label=label)


@register.simple_tag
def empty(title: str, text: str = "", icon: str = "inbox", url: str = "", action: str = "") -> SafeString:
    """What an area says when there is nothing in it, and what to do about it."""
    return _render("empty", title=title, text=text, icon=icon, url=url, action=action)


@register.simple_tag
def loading(label: str = "Loading", lines: int = 3) -> SafeString:
    """A placeholder while a fragment is on its way."""
    return _render("loading", label=label, lines=range(lines))


@register.simple_tag
def failed(title: str, text: str = "", url: str = "", action: str = "Try again") -> SafeString:
    """An area that could not be shown: what happened and what to do."""
    return _render("failed", title=title, text=text, url=url, action=action)


@register.simple_tag(takes_context=True)
def pagination(context: Context, page: Page[Any], name: str = "page") -> SafeString:
    """Previous and next for a Django Page; keeps the other query parameters."""
    query = context["request"].GET.copy()

    def address(number: int) -> str:
        query[name] = str(number)
        return f"?{query.urlencode()}"

    before = address(page.previous_page_number()) if page.has_previous() else ""
    after = address(page.next_page_number()) if page.has_next() else ""
    return _render("pagination", page=page, before=before, after=after)


# --- forms ----------------------------------------------------------------------------------------------


def _dress(bound: BoundField, label: str) -> None:
    """Give the widget our class and take away a placeholder that only repeats the label.

    Django itself writes aria-describedby and aria-invalid.
    """
    widget = bound.field.widget
    if str(widget.attrs.get("placeholder", "")).casefold() in label.casefold():
        widget.attrs.pop("placeholder", None)
    if not isinstance(widget, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        widget.attrs["class"] = f"input {widget.attrs.get('class', '')}".strip()


@register.simple_tag
def field(bound: BoundField, label: str = "") -> SafeString:
    """One form field: label, help, errors, required or optional mark."""
    _dress(bound, str(label or bound.label))
    widget = bound.field.widget
    inline = isinstance(widget, CheckboxInput)
    group = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    several = isinstance(widget, CheckboxSelectMultiple)
    label = label or str(bound.label)
    return _render("field", field=bound, label=label, inline=inline, group=group, several=several)


@register.simple_tag
def form_fields(form: BaseForm, autofocus: bool = False) -> SafeString:
    """All fields of a form in order, its general errors first; put it inside <form class="form">.

    `autofocus` puts the cursor into the first field: only where the form is the whole page.
    """
    first = next(iter(form.visible_fields()), None)
    if autofocus and first is not None:
        first.field.widget.attrs["autofocus"] = True
    return _render("form_fields", form=form)


# --- blocks ---------------------------------------------------------------------------------------------


@register.simple_block_tag
def panel(
    content: str, title: str = "", note: str = "", heading: str = "h2", padded: bool = True
) -> SafeString:
    """A framed area; `padded=False` for a table or list that reaches the edges."""
    return _render("panel", content=content, title=title, note=note, heading=heading, padded=padded)


@register.simple_block_tag
def banner(content: str, tone: str = "info", title: str = "", strip: bool = False) -> SafeString:
    """A notice that stays: info, success, warning or danger; `strip` is the thin full-width form."""
    icon_name = BANNER_ICONS.get(tone, "info")
    return _render("banner", content=content, tone=tone, title=title, strip=strip, icon=icon_name)


@register.simple_block_tag
def dialog(content: str, name: str, title: str) -> SafeString:
    """A modal dialog; a button with data-opens-dialog="<name>" opens it."""
    return _render("dialog", content=content, name=name, title=title)


@register.simple_block_tag
def menu(
    content: str, label: str, icon: str = "", align: str = "start", button: str = "button"
) -> SafeString:
    """A drop-down of `.menu-item` links and buttons; `icon` alone makes `label` its accessible name."""
    return _render("menu", content=content, label=label, icon=icon, align=align, button=button)


# --- text that changed ----------------------------------------------------------------------------------


@register.simple_tag
def diff(before: str, after: str) -> SafeString:
    """The change from one text to another, word by word, as <del> and <ins>."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after))
    parts: list[SafeString] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(format_html("{}", "".join(old[a:b])))
            continue
        if b > a:
            parts.append(format_html("<del>{}</del>", "".join(old[a:b])))
        if d > c:
            parts.append(format_html("<ins>{}</ins>", "".join(new[c:d])))
    return format_html('<div class="diff">{}</div>', _join(parts))


# --- votes ----------------------------------------------------------------------------------------------


@register.simple_tag
def preference_row(
    name: str, label: str, steps: Iterable[tuple[str, str]], other: tuple[str, str], chosen: str = ""
) -> SafeString:
    """One row of the verdict: four steps (value, words) on keys 1 to 4, and the way out on key 0."""
    numbered = [(number, *step) for number, step in enumerate(steps, start=1)]
    return _render("preference_row", name=name, label=label, steps=numbered, other=other, chosen=chosen)
