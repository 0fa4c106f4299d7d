"""What is to be photographed in a filled demo study: `python -m tests.harness.places` prints it as JSON.

Gives the demo's people a known password and has three readers disagree on one case, so that every screen
has an object behind it. It changes the data folder in CONSILIUM_HOME, which therefore should be a copy.
"""

import json
import os
import sys
import uuid
from datetime import timedelta
from typing import Any

import django
from django.utils import timezone

PASSWORD = "a long shots password"
WORKBENCHES = {"curation:review", "curation:pixel-review", "annotation:compare", "annotation:adjudicate"}
# Addresses that give no page: files, fragments, and calls of the browser module.
NO_SCREENS = {
    "curation:image-manifest",
    "curation:image-frame",
    "curation:image-thumbnail",
    "curation:download-export",
    "curation:take-export",
    "annotation:label-studio-config",
    "benchmark:report-files",
    "benchmark:run-card",
    "jobs:progress",
    "site:pipeline-live",
    "site:pipeline-report",
    "training:launch-data",
    "benchmark:estimate",
    "benchmark:live",
    "benchmark:being-scored",
    "benchmark:batch-live",
    "training:live",
    "training:paradigms",
    "training:log",
    "training:download",
    "training:model-card",
    "work:session",
    "site:health",
    "site:ready",
    "site:metrics",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
}
PEOPLE = {"annotator": "amara", "second": "bruno", "adjudicator": "ruth", "lead": "lena", "operator": "otto"}


def places() -> dict[str, Any]:
    """User name to page name to address; "" is somebody without login."""
    from tests.dashboard.access_table import READ

    shown: dict[str, dict[str, str]] = {"": _entrance(), **{name: {} for name in PEOPLE.values()}}
    held = _held()
    objects = _objects()
    for name, row in READ.items():
        if name in NO_SCREENS:
            continue
        if name in held:
            person, token = held[name]
            shown[person][_file(name)] = _address(name, {"token": token})
        elif row[3] == 200:
            for extra, arguments in objects.get(name, {"": {}}).items():
                shown["lena"][_file(name) + extra] = _address(name, arguments)
        elif row[4] == 200:
            shown["otto"][_file(name)] = _address(name, objects.get(name, {"": {}})[""])
    for person, names in {
        "amara": ("work:queue", "people:guidelines", "people:take-part"),
        "ruth": ("work:queue", "curation:pixel-reviews", "curation:traces"),
    }.items():
        shown[person] |= {_file(name): _address(name, {}) for name in names}
    shown["amara"]["work-finished"] = _address("work:finished", {"kind": "adjudicate"})
    _act_from_outside()
    shown["otto"] |= {"site-home": "/", "study-by-break-glass": "/s/demo/"}
    shown["lena"]["not-found"] = "/s/demo/nowhere/"
    shown["amara"]["forbidden"] = _address("people:members", {})
    return {"password": PASSWORD, "places": shown, "workbenches": sorted(map(_file, WORKBENCHES))}


def _file(name: str) -> str:
    return name.replace(":", "-").replace("_", "-")


def _address(name: str, arguments: dict[str, Any]) -> str:
    from django.urls import reverse

    from tests.factories.world import patterns

    return reverse(name, kwargs={word: arguments.get(word, "demo") for word in patterns()[name]})


def _entrance() -> dict[str, str]:
    """The login page, and what is behind an invitation."""
    from consilium.people.invitations import invite
    from consilium.people.models import Person, Study

    lead, study = Person.objects.get(username="lena"), Study.objects.get(slug="demo")
    _, token = invite(study=study, display_name="Dr. Noor Haddad", role="annotator", by=lead)
    return {
        "account-login": "/accounts/login/",
        "people-join": _address("people:join", {"token": token}),
        "people-join-dead": _address("people:join", {"token": "used-up"}),
    }


def _held() -> dict[str, tuple[str, Any]]:
    """Screens of the queue: who holds a claim and its token."""
    from consilium.people.models import Person, Study

    study = Study.objects.get(slug="demo")
    _dispute_one(study)
    _name_somebody(study)
    _purge_one(study)
    _exchange(study)
    _push_some(study)
    held = {}
    for name, person, kind in (
        ("curation:review", "amara", "review"),
        ("annotation:compare", "bruno", "compare"),
        ("annotation:adjudicate", "ruth", "adjudicate"),
    ):
        held[name] = (person, _claim(study, Person.objects.get(username=person), kind))
    return held


def _name_somebody(study: Any) -> None:
    """Have two questions that name a person wait for the lead."""
    from curation.held_texts import hold_question
    from curation.models import Question
    from curation.states import QuestionState

    texts = (
        "Mr Johann Mueller (MRN 4711-0815, born 04/11/1961) was seen by Dr Smith on 12 March 2024. "
        "Which finding does the chest radiograph of Mr Mueller show?",
        "A 93-year-old woman, see https://pacs.clinic.example/studies/88213. What is the next step?",
    )
    like = Question.objects.filter(study=study, source__is_synthetic=False).earliest("pk")
    for number, text in enumerate(texts, start=1):
        like.pk, like.external_id, like.text, like.content_sha256 = None, f"note-{number}", text, str(number)
        like.state = QuestionState.IMPORTED
        like.save(force_insert=True)
        hold_question(like)


def _exchange(study: Any) -> None:
    """Have some work lie on a Label Studio server."""
    from consilium.people.models import Person
    from tests.factories.label_studio import exchange

    exchange(study, Person.objects.get(username="lena"))


def _purge_one(study: Any) -> None:
    """Have the lead delete the pixels of a refused image, and an operator share a model."""
    from consilium.inference.models import ModelEndpoint
    from consilium.inference.shares import share_endpoint
    from consilium.jobs.run import run_now
    from consilium.people.models import Person
    from consilium.people.studies import create_study
    from curation.images.purge import start_purge
    from curation.models import Image

    lead = Person.objects.get(username="lena")
    image = Image.objects.filter(study=study, state="refused").earliest("pk")
    image.pk, image.pixel_sha256 = None, "f" * 64  # one like it: the demo has no second
    image.save(force_insert=True)
    run_now(start_purge(study=study, image=image, by=lead, reason="The patient's name is in the picture."))
    other = create_study(slug="second", name="Second reading", by=None)
    own = ModelEndpoint.objects.filter(study=study).earliest("pk")
    share_endpoint(endpoint=own, study=other, by=Person.objects.get(username="otto"))


def _push_some(study: Any) -> None:
    """A kept token, a push that is there, one that waits for the second lead and one under way."""
    from consilium.hub.models import HubToken, Push
    from consilium.hub.push import start_hub_push
    from consilium.hub.tokens import set_token
    from consilium.jobs.models import Job
    from consilium.people.models import Person
    from curation.models import Release
    from curation.releases.publish import content_of_release

    lena, max_, otto = (Person.objects.get(username=name) for name in ("lena", "max", "otto"))
    set_token(secret="hf_" + "NotARealTokenOfAnybody" + "9f2c", by=otto)
    Job.objects.filter(kind="hub.check_token").update(state="succeeded", finished_at=timezone.now())
    scope = {"account": "st-anna", "role": "fineGrained", "writes_to": ["st-anna"]}
    HubToken.objects.update(**scope, checked_at=timezone.now())
    content = content_of_release(Release.objects.filter(study=study).order_by("pk")[0])
    for name, by, private in (
        ("demo-traces", lena, True),
        ("demo-traces-open", max_, False),
        ("demo-traces-eu", lena, True),
    ):
        start_hub_push(content=content, repo_id=f"st-anna/{name}", by=by, is_private=private, gated="auto")
    done, _, moving = Push.objects.order_by("pk")
    size = 48_214_016
    Push.objects.filter(pk=done.pk).update(
        commit_sha="3f" * 20, listing_sha256="a" * 64, parent="9c" * 20, files=204, bytes=size
    )
    Job.objects.filter(push=done).update(state="succeeded", finished_at=timezone.now())
    Job.objects.filter(push=moving).update(
        not_before=timezone.now() + timedelta(days=1), progress_done=size // 3, progress_total=size,
        progress_note="16.1 of 48.2 MB sent",
    )  # fmt: skip


def _claim(study: Any, person: Any, kind: str) -> Any:
    """The token of a claim; comparisons of real images are preferred to the teaching set."""
    from annotation.models import Case
    from consilium.workqueue.claim import next_claim
    from consilium.workqueue.hold import postpone

    for left in range(20, -1, -1):
        claim = next_claim(study=study, person=person, kind=kind)
        assert claim is not None, f"nothing of kind {kind} is left in this demo study"
        case = Case.objects.filter(pk=claim.item.object_id, question__source__is_synthetic=False)
        if kind != "compare" or case.exists() or not left:
            break
        postpone(token=claim.token, person=person)
    assert claim is not None
    return claim.token


def _dispute_one(study: Any) -> None:
    """Have the three readers flag one open case as harmful, unless a case is disputed already."""
    from annotation.models import Case
    from consilium.people.models import Person
    from consilium.workqueue.models import Claim, Kind, WorkItem

    if Case.objects.filter(study=study, state="disputed").exists():
        return
    open_items = WorkItem.objects.filter(round__study=study, kind=Kind.COMPARE, is_open=True)
    free = open_items.exclude(pk__in=Claim.objects.filter(slot__isnull=False).values("item"))
    real = Case.objects.filter(question__source__is_synthetic=False).values("pk")
    wanted = free.filter(object_id__in=real).first() or free.first()
    assert wanted is not None, "no open case without a vote is left in this demo study"
    for position, name in enumerate(("amara", "bruno", "chiara")):
        _vote(study, Person.objects.get(username=name), wanted.pk, position)


def _vote(study: Any, person: Any, wanted: int, position: int) -> None:
    from consilium.answers.dimensions import DIMENSIONS
    from consilium.workqueue.claim import next_claim
    from consilium.workqueue.hold import postpone
    from consilium.workqueue.submit import submit

    while claim := next_claim(study=study, person=person, kind="compare"):
        if claim.item_id != wanted:
            postpone(token=claim.token, person=person)
            continue
        sides = ("first_clearly", "second_slightly", "first_slightly")
        choices = {name: sides[(position + n) % 3] for n, name in enumerate(DIMENSIONS)}
        rationales = {"accuracy": "The second answer names a structure that is not in the image."}
        content = {"choices": choices, "harm": "both", "rationales": rationales if position == 1 else {}}
        submit(claim_token=claim.token, person=person, content=content, idempotency_key=uuid.uuid4())
        return


def _previews() -> list[Any]:
    """What a lead sees before a freeze, of two kinds."""
    from consilium.jobs.run import run_now
    from consilium.people.models import Membership, Role
    from curation.releases.preview import start_preview

    lead = Membership.objects.filter(study__slug="demo", role=Role.LEAD).order_by("pk")[0]
    asked = (start_preview(study=lead.study, kind=kind, by=lead.person) for kind in ("traces", "preferences"))
    return [run_now(job) for job in asked]


def _objects() -> dict[str, dict[str, dict[str, Any]]]:
    """URL name to suffix to arguments, for pages about one object."""
    from annotation.models import Case
    from benchmark.models import Evaluation
    from benchmark.report.parts import PARTS
    from curation.models import Image, Import, Question, Release, Source, Trace
    from curation.releases.freeze import rows_of
    from dashboard.models import Pipeline
    from training.models import Run

    def one(rows: Any) -> dict[str, Any]:
        found = rows.first()
        assert found is not None, f"the demo study has no {rows.model.__name__.lower()} to show"
        return {"pk": found.pk}

    real = {"source__is_synthetic": False}
    judge = Evaluation.objects.filter(kind="judge").select_related("release").first()
    assert judge is not None, "the demo study has no judge to show"
    judged = judge.release_id
    return {
        "curation:image": {
            "": one(Image.objects.filter(state="released", frames__gt=1, **real)),
            "-refused": one(Image.objects.filter(state="refused")),
            "-purged": one(Image.objects.filter(state="purged")),
        },
        "calls:entry": {"": {"key": "qwen2.5-vl-7b"}, "-unavailable": {"key": "claude-3.5"}},
        "calls:edit-entry": {"": {"key": "meddr"}},
        "curation:pixel-review": {"": one(Image.objects.filter(state="quarantined"))},
        "curation:import": {"": one(Import.objects.order_by("pk"))},
        "curation:source": {"": one(Source.objects.order_by("pk"))},
        "curation:question": {"": one(Question.objects.filter(state="ready", **real))},
        "curation:trace": {
            "": one(Trace.objects.filter(state="accepted")),
            "-edited": one(Trace.objects.filter(state="edited")),
            "-rejected": one(Trace.objects.filter(state="rejected")),
        },
        "curation:release-changes": {"": one(Release.objects.filter(derived_from__isnull=False))},
        "curation:datasheet": {
            f"-{r.kind}": {"pk": r.pk} for r in Release.objects.filter(study__slug="demo")
        },
        "curation:release": {f"-{r.kind}": {"pk": r.pk} for r in Release.objects.filter(study__slug="demo")},
        "curation:release-preview": {f"-{j.params['kind']}": {"job": j.pk} for j in _previews()},
        "curation:freezing": {},
        "annotation:case": {
            "": one(Case.objects.filter(state="settled")),
            "-open": one(Case.objects.filter(state="open")),
            "-disputed": one(Case.objects.filter(state="disputed")),
        },
        "site:pipeline": {"": one(Pipeline.objects.order_by("pk"))},
        "training:estimate": {},
        "training:learned": {f"-{r.stage}": {"pk": r.pk} for r in Run.objects.order_by("-pk")},
        "training:run": {f"-{r.stage}": {"pk": r.pk} for r in Run.objects.order_by("-pk")},
        "benchmark:launch": {f"-{kind}": {"kind": kind} for kind in ("judge", "solver")},
        "benchmark:report": {"": {"pk": judged}},
        "benchmark:report-part": {f"-{part}": {"pk": judged, "part": part} for part in PARTS},
        "benchmark:report-cases": {"": {"pk": judged}},
        "benchmark:report-case": {"": {"pk": judged, "row": rows_of(judge.release)[0].row_id}},
        "benchmark:solver-slices": {
            f"-{r.pk}": {"pk": r.pk} for r in Release.objects.filter(study__slug="demo", kind="questions")
        },
        "benchmark:shared-data": {"": {"pk": judged, "endpoint": judge.endpoint_id}},
        "benchmark:evaluation": {f"-{e.kind}": {"pk": e.pk} for e in Evaluation.objects.order_by("-pk")},
        "benchmark:batch": {"": {"batch": Evaluation.objects.order_by("pk")[0].batch}},
        "people:join": {},
        "work:finished": {"": {"kind": "review"}},
    }


def _act_from_outside() -> None:
    """Have the operator make reset links, ask for a role and read the study, so that pages tell of it."""
    from consilium.people.break_glass import open_study
    from consilium.people.invitations import issue_reset
    from consilium.people.models import Person, Study
    from consilium.people.studies import ask_for_role

    study, otto = Study.objects.get(slug="demo"), Person.objects.get(username="otto")
    issue_reset(person=Person.objects.get(username="max"), by=otto)
    issue_reset(person=Person.objects.get(username="lena"), by=otto)
    ask_for_role(study=study, person=Person.objects.get(username="chiara"), role="adjudicator", by=otto)
    open_study(study=study, by=otto, reason="Bruno reports that a case does not open.")


def give_passwords() -> None:
    """Set the known password through the reset links that an operator hands out; all have seen the notice."""
    from consilium.people.access_notices import acknowledge
    from consilium.people.invitations import accept, issue_reset
    from consilium.people.models import AccessNotice, Person

    operator = Person.objects.get(username="otto")
    for username in PEOPLE.values():
        person = Person.objects.get(username=username)
        _, token = issue_reset(person=person, by=operator)
        accept(token=token, username=username, password=PASSWORD)
    leads = {name: Person.objects.get(username=name) for name in ("lena", "max")}
    for notice in AccessNotice.objects.filter(acknowledged_at=None).select_related("person", "study"):
        seen_by = leads["max" if notice.person == leads["lena"] else "lena"]
        acknowledge(notice=notice, by=seen_by if notice.study else notice.person)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    give_passwords()
    json.dump(places(), sys.stdout, default=str)
