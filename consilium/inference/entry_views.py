"""Pages of the registry of models: what is known of each, where it answers, and the operator's form."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from consilium.inference.change_entry import add_entry, change_entry, restore_entry
from consilium.inference.forms import EntryForm, NewEntryForm
from consilium.inference.model_entries import (
    FACTS,
    GROUPS,
    STATES,
    EntryLine,
    ModelEntry,
    entry_line,
    entry_lines,
    find_entry,
)
from consilium.pages import attempt, one_of, refusals_on, sent
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.requests import post_only, signed_in


@study_view(Role.LEAD)
def entries(request: HttpRequest, study: Study) -> HttpResponse:
    """Every model of the registry with its state in this study."""
    context = {"study": study, "is_operator": signed_in(request).is_operator}
    return render(request, "inference/entries.html", context | _shown(request, entry_lines(study)))


@study_view(Role.LEAD)
def entry(request: HttpRequest, study: Study, key: str) -> HttpResponse:
    """One model: what is known of it, and its endpoints that this study may ask."""
    context = {"study": study, "line": entry_line(_found(key), study)}
    context["is_operator"] = signed_in(request).is_operator
    return render(request, "inference/entry.html", context)


def site_entries(request: HttpRequest) -> HttpResponse:
    """The registry for operators, with the endpoints of all studies."""
    check_role(signed_in(request), None, OPERATOR)
    return render(request, "inference/entries.html", _shown(request, entry_lines(None)))


def edit_entry(request: HttpRequest, key: str) -> HttpResponse:
    """What an operator says of a model."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    found = _found(key)
    form = EntryForm(*sent(request)[:1], initial={name: getattr(found, name) for name in FACTS})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            change_entry(key=key, facts=form.cleaned_data, by=person)
            messages.success(request, f"The registry says so of {form.cleaned_data['name']} from now on.")
            return redirect("calls:edit-entry", key=key)
    context = {"form": form, "entry": found, "overruled": _overruled(found)}
    return render(request, "inference/entry_form.html", context, status=422 if form.is_bound else 200)


def new_entry(request: HttpRequest) -> HttpResponse:
    """An operator adds a model."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    form = NewEntryForm(*sent(request)[:1])
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        with refusals_on(form):
            made = add_entry(key=facts.pop("key"), facts=facts, by=person)
            messages.success(request, f"{made.name} is in the registry.")
            return redirect("calls:site-entries")
    return render(request, "inference/entry_form.html", {"form": form}, status=422 if form.is_bound else 200)


@post_only
def restore_shipped(request: HttpRequest, key: str) -> HttpResponse:
    """Back to what the program's own file says of a model."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    _found(key)

    def act() -> str:
        return f"{restore_entry(key=key, by=person).name} follows the program's own file again."

    return attempt(request, act, "calls:edit-entry", key=key)


def _found(key: str) -> ModelEntry:
    found = find_entry(key)
    if found is None:
        raise Http404("No such model.")
    return found


def _shown(request: HttpRequest, lines: list[EntryLine]) -> dict[str, Any]:
    """The lines that the query asks for, and what it says."""
    words = request.GET.get("q", "").strip()[:100]
    group, state = one_of(request, "group", GROUPS), one_of(request, "state", STATES)
    fitting = [line for line in lines if group in ("", line.entry.group) and line.entry.mentions(words)]
    counts = [(name, label, sum(line.state == name for line in fitting)) for name, label in STATES.items()]
    entries = [{"value": "", "label": "All", "count": len(fitting), "current": not state}]
    entries += [
        {"value": name, "label": label, "count": count, "current": name == state}
        for name, label, count in counts
        if count or name == state
    ]
    return {
        "lines": [line for line in fitting if state in ("", line.state)],
        "pills": entries,
        "groups": GROUPS.items(),
        "chosen": {"q": words, "group": group, "state": state},
        "is_filtered": bool(words or group or state),
        "count": len(lines),
    }


def _overruled(found: ModelEntry) -> list[tuple[str, str]]:
    """What the program's own file says where the operator says otherwise: (field in words, text)."""
    labels = EntryForm.base_fields
    return [
        (str(labels[name].label or name.capitalize()), said or "nothing")
        for name, said in (found.shipped or {}).items()
    ]
