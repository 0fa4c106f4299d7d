"""Pages about people: joining, consent, members, settings, accounts."""

from django.conf import settings as project
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from consilium.pages import attempt, refusals_on
from consilium.people import attempts, invitations, studies
from consilium.people.access import held_roles, study_view
from consilium.people.access_notices import study_names, unconfirmed
from consilium.people.access_words import to_confirm
from consilium.people.accounts import AccountAdapter
from consilium.people.forms import (
    AcceptForm,
    GuidelineForm,
    InvitationForm,
    ParticipationForm,
    ResetForm,
    SettingsForm,
)
from consilium.people.models import ConsentText, Invitation, Membership, Participation, Person, Role, Study
from consilium.people.participation import take_part as start_taking_part
from consilium.people.participation import withdraw_participation as end_participation
from consilium.people.password_login import PasswordsOff
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.rate_limits import check_rate, limited
from consilium.people.requests import post_only, signed_in
from consilium.rates import TooMany
from consilium.refusals import NameTaken


@login_not_required
@sensitive_post_parameters("password", "again")
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation or a reset link; works without login."""
    try:
        invitation = invitations.find_invitation(token)
    except invitations.InvitationWaits as error:
        return render(request, "people/link_unusable.html", {"reason": str(error)}, status=error.status)
    except invitations.InvitationUnusable as error:
        attempts.take_link(AccountAdapter().get_client_ip(request))
        return render(request, "people/link_unusable.html", {"reason": str(error)}, status=404)
    form_class = ResetForm if invitation.resets else AcceptForm
    if request.method == "POST" and not project.PASSWORD_LOGIN:
        raise PasswordsOff
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid() and _accept(form, token):
        messages.success(request, "Your password is set. Please log in.")
        return redirect("account_login")
    return render(request, "people/join.html", {"form": form, "invitation": invitation, "token": token})


def _accept(form: AcceptForm, token: str) -> bool:
    username = form.cleaned_data.get("username", "")
    try:
        invitations.accept(token=token, username=username, password=form.cleaned_data["password"])
    except NameTaken as error:
        form.add_error("username", str(error))
    except ValidationError as error:
        form.add_error("username" if hasattr(error, "error_dict") else "password", error.messages)
    except (invitations.InvitationUnusable, invitations.InvitationWaits) as error:
        form.add_error(None, str(error))
    return not form.errors


@study_view()
def take_part(request: HttpRequest, study: Study) -> HttpResponse:
    """The consent page; also where a participant sees and ends the participation."""
    person = signed_in(request)
    participation = Participation.objects.filter(study=study, person=person, withdrawn_at=None).first()
    consent = ConsentText.objects.filter(study=study).first()
    initial = {"consent_version": consent.version if consent else 0}
    form = ParticipationForm(request.POST or None, initial=initial)
    if request.method == "POST" and participation is None and form.is_valid():
        with refusals_on(form):
            start_taking_part(
                study=study,
                by=person,
                consent_version=form.cleaned_data["consent_version"],
                credit=form.cleaned_data["credit"],
                conflict_declaration=form.cleaned_data["conflict_declaration"],
            )
            messages.success(request, "Thank you. You can start now.")
            return redirect("site:study", study=study.slug)
    context = {"study": study, "form": form, "consent": consent, "participation": participation}
    return render(request, "people/take_part.html", context)


@post_only
@study_view()
def withdraw(request: HttpRequest, study: Study) -> HttpResponse:
    """End one's own participation."""
    person = signed_in(request)
    participation = get_object_or_404(Participation, study=study, person=person, withdrawn_at=None)
    end_participation(participation=participation, by=person)
    messages.success(request, "You no longer take part. What you submitted before stays as it is.")
    return redirect("people:take-part", study=study.slug)


@study_view(Role.LEAD)
@limited("invite")
def members(request: HttpRequest, study: Study) -> HttpResponse:
    """Members and open invitations; leads invite here. The new link is shown once."""
    person = signed_in(request)
    form = InvitationForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        _, token = invitations.invite(study=study, by=person, **form.cleaned_data)
        link = request.build_absolute_uri(reverse("people:join", kwargs={"token": token}))
        form = InvitationForm()
    consented = Participation.objects.filter(study=study, withdrawn_at=None).values_list(
        "person_id", flat=True
    )
    context = {
        "study": study,
        "form": form,
        "link": link,
        "consented": set(consented),
        "members": study.memberships.select_related("person").order_by(
            "-is_active", "role", "person__display_name"
        ),
        "invitations": invitations.unused_invitations(study),
    }
    return render(request, "people/members.html", context)


@post_only
@study_view(Role.LEAD)
def remove_member(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Deactivate one membership."""
    person = signed_in(request)
    membership = get_object_or_404(Membership, study=study, pk=pk)
    studies.remove_member(membership=membership, by=person)
    messages.success(request, f"{membership.person} is no longer a member.")
    return redirect("people:members", study=study.slug)


@post_only
@study_view(Role.LEAD)
def revoke_invitation(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Take back an invitation that nobody has used."""
    person = signed_in(request)
    invitation = get_object_or_404(Invitation, study=study, pk=pk)

    def act() -> str:
        invitations.revoke(invitation=invitation, by=person)
        return f"The invitation of {invitation.display_name} was taken back; its link no longer works."

    return attempt(request, act, "people:members", study=study.slug)


@study_view(Role.LEAD)
def settings(request: HttpRequest, study: Study) -> HttpResponse:
    """The study's settings; after the first vote each change needs a reason."""
    person = signed_in(request)
    form = SettingsForm(request.POST or None, settings=study.settings)
    if request.method == "POST" and form.is_valid() and form.changes():
        with refusals_on(form):
            studies.change_settings(
                study=study, changes=form.changes(), by=person, reason=form.cleaned_data["reason"]
            )
            messages.success(request, "Settings saved.")
            return redirect("people:settings", study=study.slug)
    return render(request, "people/settings.html", {"study": study, "form": form})


@study_view(by_glass=True)
def guidelines(request: HttpRequest, study: Study) -> HttpResponse:
    """The guideline versions; every member reads, leads publish the next one."""
    person = signed_in(request)
    newest = study.guidelines.first()
    is_lead = Role.LEAD in held_roles(request)
    form = GuidelineForm(request.POST or None, initial={"text": newest.text if newest else ""})
    context = {"study": study, "form": form, "newest": newest, "is_lead": is_lead}
    if request.method == "POST" and form.is_valid():
        try:
            check_rate(person, "guidelines")
        except TooMany as refusal:  # on the form, which keeps the text
            form.add_error(None, str(refusal))
            answer = render(request, "people/guidelines.html", context, status=refusal.status)
            answer.headers["Retry-After"] = str(refusal.seconds)
            return answer
        guideline = studies.publish_guideline(study=study, text=form.cleaned_data["text"], by=person)
        messages.success(request, f"Guidelines v{guideline.number} are in force.")
        return redirect("people:guidelines", study=study.slug)
    return render(request, "people/guidelines.html", context)


def accounts(request: HttpRequest) -> HttpResponse:
    """All accounts; an operator makes reset links and deactivates."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    context: dict[str, object] = {
        "people": Person.objects.order_by("-is_active", "username"),
        "resets": invitations.open_resets(),
        "to_confirm": to_confirm(person),
    }
    if request.method == "POST":
        number = request.POST.get("reset", "")
        target = get_object_or_404(Person, pk=int(number) if number.isdecimal() and len(number) < 19 else 0)
        invitation, token = invitations.issue_reset(person=target, by=person)
        context |= {
            "link": request.build_absolute_uri(reverse("people:join", kwargs={"token": token})),
            "target": target,
            "waits_for": study_names(unconfirmed(invitation)),
        }
    return render(request, "people/accounts.html", context)


@post_only
def revoke_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a reset link that nobody has used."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    invitation = get_object_or_404(Invitation, pk=pk, resets__isnull=False)

    def act() -> str:
        invitations.revoke(invitation=invitation, by=person)
        return f"The reset link of {invitation.display_name} was taken back; it no longer works."

    return attempt(request, act, "people:accounts")


@post_only
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Deactivate or reactivate an account."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    target = get_object_or_404(Person, pk=pk)
    invitations.set_active(person=target, is_active=request.POST.get("active") == "1", by=person)
    return redirect("people:accounts")
