"""Pages about models: the list, adding one, taking one out of use."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from consilium.inference.endpoints import add_endpoint, retire_endpoint
from consilium.inference.forms import LocalForm, RemoteForm, ShareForm
from consilium.inference.model_entries import find_entry
from consilium.inference.models import EndpointShare, ModelEndpoint
from consilium.inference.refusals import EndpointNameTaken, EndpointRefused
from consilium.inference.shares import all_shares, end_share, share_endpoint
from consilium.pages import attempt, page_of, refusals_on, sent
from consilium.people.access import study_view
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.requests import post_only, signed_in


@study_view(Role.LEAD)
def endpoints(request: HttpRequest, study: Study) -> HttpResponse:
    """The models this study may ask, with permissions, provenance and stored replies."""
    person = signed_in(request)
    rows = ModelEndpoint.objects.for_study(study).with_reply_counts(study).order_by("-is_active", "name")
    context = {"study": study, "endpoints": rows, "is_operator": person.is_operator}
    return render(request, "inference/endpoints.html", context)


@study_view(Role.LEAD)
def add_remote(request: HttpRequest, study: Study) -> HttpResponse:
    """Add a model behind an address."""
    return _add(request, study, RemoteForm)


@study_view(Role.LEAD)
def add_local(request: HttpRequest, study: Study) -> HttpResponse:
    """Add a checkpoint from the models folder."""
    return _add(request, study, LocalForm)


@post_only
@study_view(Role.LEAD)
def retire(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Take a model out of use."""
    person = signed_in(request)
    own = ModelEndpoint.objects.filter(Q(study=study) | Q(study=None))
    endpoint = get_object_or_404(own, pk=pk)

    def act() -> str:
        retire_endpoint(endpoint=endpoint, by=person, reason=request.POST.get("reason", ""))
        return f"{endpoint.name} is out of use. Its replies stay."

    return attempt(request, act, "calls:endpoints", study=study.slug)


def shared(request: HttpRequest) -> HttpResponse:
    """Which study's models other studies may ask; an operator shares one more."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    form = ShareForm(*sent(request)[:1])
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = share_endpoint(by=person, **form.cleaned_data)
            messages.success(request, f"{made.study} may now ask {made.endpoint}.")
            return redirect("calls:shared")
    context = {"form": form, "page_obj": page_of(request, all_shares())}
    return render(request, "inference/shared.html", context, status=422 if form.is_bound else 200)


@post_only
def unshare(request: HttpRequest, pk: int) -> HttpResponse:
    """The other study may no longer ask it."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    share = get_object_or_404(EndpointShare.objects.select_related("endpoint__study", "study"), pk=pk)

    def act() -> str:
        end_share(share=share, by=person)
        return f"{share.study} may no longer ask {share.endpoint}. What it has asked stays."

    return attempt(request, act, "calls:shared")


def _add(request: HttpRequest, study: Study, form_class: type[RemoteForm | LocalForm]) -> HttpResponse:
    person = signed_in(request)
    first = _first_values(request.GET.get("entry", ""))
    form = form_class(request.POST or None, study=study, is_operator=person.is_operator, initial=first)
    if request.method == "POST" and form.is_valid() and _stored(form, study, person):
        messages.success(request, f"{form.cleaned_data['name']} is added.")
        return redirect("calls:endpoints", study=study.slug)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    tabs = [_tab("Remote server", "calls:add-remote", study, query, form_class is RemoteForm)]
    tabs.append(_tab("Local checkpoint", "calls:add-local", study, query, form_class is LocalForm))
    entry = find_entry(str(form["entry_key"].value() or ""))
    context = {"study": study, "form": form, "kinds": tabs, "entry": entry}
    return render(request, "inference/add.html", context)


def _stored(form: RemoteForm | LocalForm, study: Study, person: Person) -> bool:
    data = dict(form.cleaned_data)
    releases, for_everybody = data.pop("releases"), data.pop("for_everybody", False)
    provenance = {"releases": releases} if releases else {}
    try:
        add_endpoint(by=person, study=None if for_everybody else study, provenance=provenance, **data)
    except EndpointNameTaken as error:
        form.add_error("name", str(error))
    except EndpointRefused as error:
        form.add_error("path" if isinstance(form, LocalForm) else None, str(error))
    return not form.errors


def _tab(label: str, view: str, study: Study, query: str, current: bool) -> dict[str, Any]:
    return {"label": label, "url": reverse(view, kwargs={"study": study.slug}) + query, "current": current}


def _first_values(key: str) -> dict[str, Any]:
    """What the form of a new endpoint says before anybody typed, where it is made from the registry."""
    entry = find_entry(key)
    if entry is None:
        return {}
    said = {"entry_key": key, "name": entry.name, "family": entry.family, "model_id": entry.model_id}
    return said | ({"is_hosted": True} if entry.group == "proprietary" else {})
