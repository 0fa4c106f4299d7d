"""A small study with one real object behind every address, so that no 404 is there by accident."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from annotation.models import Case
from annotation.pairing import open_comparison_round
from benchmark.models import Evaluation, EvaluationKind, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.hub.models import Push
from consilium.inference.models import EndpointShare, ModelEndpoint, Reply
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people import invitations
from consilium.people.break_glass import end_reading, open_study
from consilium.people.models import AccessNotice, Membership, Person
from consilium.people.studies import ask_for_role
from consilium.workqueue.models import Claim, Kind
from curation.models import Image, Import, LetThrough, Release, ReleaseKind
from curation.releases.contents import NewRow
from curation.releases.export import start_export
from curation.releases.export_links import make_export_link
from curation.releases.freeze import freeze
from curation.releases.freeze_job import start_freeze
from curation.releases.gather import freeze_traces
from curation.releases.preview import start_preview
from curation.states import TraceState
from curation.traces.review import open_reviews
from dashboard.models import Pipeline, PipelineKind, PipelineStep, Recipe, StepKind
from dashboard.pipelines.states import PipelineState
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories import label_studio
from tests.factories.cast import Cast
from training.models import ProducedModel, Run, RunEvent, Stage
from training.probe import PROBE

ROLES = ("nobody", "annotator", "adjudicator", "lead", "operator", "outsider")
MODELS = ("Zephyrion-7B", "Quillmed-13B")


@dataclass(frozen=True)
class World:
    """The cast, and for each URL name the arguments of an address that exists."""

    cast: Cast
    arguments: dict[str, dict[str, Any]]

    def person(self, role: str) -> Person | None:
        """Who plays the role; None is somebody without login."""
        cast = self.cast
        return {
            "nobody": None,
            "annotator": cast.anna,
            "adjudicator": cast.rosa,
            "lead": cast.lena,
            "operator": cast.otto,
            "outsider": cast.nora,
        }[role]

    def address(self, name: str, **changes: Any) -> str:
        """The address of a URL name, with the arguments that this world has for it."""
        return reverse(name, kwargs=self.arguments_of(name) | changes)

    def arguments_of(self, name: str) -> dict[str, Any]:
        """Own arguments of the name; pages of a study need no more than the study."""
        own = self.arguments.get(name, {})
        return {word: own.get(word, self.cast.study.slug) for word in patterns()[name]}


@cache
def patterns() -> dict[str, list[str]]:
    """Every URL name of the site with the names of its arguments.

    An address with and without an argument under one name counts with it.
    """
    found: dict[str, list[str]] = {}
    for name, words in _walk(get_resolver().url_patterns, "", []):
        assert name not in found, f"two addresses are called {name}"
        found[name] = words
    return found


def _walk(
    entries: "list[URLPattern | URLResolver]", space: str, above: list[str]
) -> "list[tuple[str, list[str]]]":
    found = []
    for entry in entries:
        words = [*above, *entry.pattern.converters]
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            found += _walk(entry.url_patterns, inner, words)
        else:
            assert entry.name, f"{entry.pattern} has no name, so no rule can speak about it"
            found.append((f"{space}{entry.name}", words))
    return found


def make_world(cast: Cast) -> World:
    """Store one object of every kind; people have voted, reviewed and claimed."""
    voting.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    data = _data(cast)
    votes = _votes(cast)
    models = make_models(cast, data["release"])
    invitation, token = invitations.invite(
        study=cast.study, display_name="New One", role="annotator", by=cast.lena
    )
    access = _access(cast)
    arguments: dict[str, dict[str, Any]] = {
        "people:join": {"token": token},
        "sign-on:join": {"token": token},
        "people:revoke-invitation": _pk(invitation),
        **{f"people:{name}": _pk(row) for name, row in access.items()},
        "signatures:begin": {"meaning": "pixels_clean"},
        "signatures:confirm": {"meaning": "pixels_clean"},
        "people:set-active": _pk(cast.ben),
        "people:remove-member": _pk(Membership.objects.get(person=cast.ben)),
        "calls:unshare": _pk(_share(cast)),
        **{f"calls:{name}": {"key": "meddr"} for name in ("entry", "edit-entry", "restore-entry")},
        "calls:retire": _pk(ModelEndpoint.objects.get(name=MODELS[0])),
        "jobs:progress": _pk(models["job"]),
        "jobs:cancel": _pk(models["job"]),
        "curation:image-frame": _pk(data["image"]) | {"number": 0},
        "curation:review": {"token": votes["review"].token},
        "curation:take-export": {"token": data["link_token"]},
        "annotation:compare": {"token": votes["compare"].token},
        "benchmark:launch": {"kind": "judge"},
        "benchmark:estimate": {"kind": "judge"},
        "hub:start": _pk(data["release"]) | {"kind": "release"},
        **{f"hub:{name}": _pk(data["push"]) for name in ("confirm", "decline")},
    }
    groups = {
        "image": "image-manifest image-thumbnail image withdraw-image purge-image",
        "waiting": "pixel-review sign-pixels",
        "import": "import seen-import",
        "source": "source",
        "question": "question drop-question purge-question",
        "trace": "trace settle-trace",
        "release": "release verify-release sign-release withdraw-release export-release datasheet"
        " compute-datasheet",
        "correction": "release-changes",
        "export": "download-export ask-let-through make-export-link",
        "link": "revoke-export-link",
        "let_through": "confirm-let-through decline-let-through",
    }
    arguments |= {
        "curation:release-preview": {"job": data["preview"].pk},
        "curation:freezing": {"job": data["freezing"].pk},
    }
    for key, names in groups.items():
        arguments |= {f"curation:{name}": _pk(data[key]) for name in names.split()}
    arguments |= {f"annotation:{name}": _pk(votes["case"]) for name in ("case", "exclude-case")}
    arguments |= {"annotation:close-round": _pk(votes["case"].round)}
    arguments |= {"annotation:name-label-studio-user": _pk(label_studio.user(cast.study, 9))}
    arguments |= {f"annotation:{n}": {"token": votes["adjudicate"].token} for n in ("adjudicate", "blind")}
    arguments |= {f"work:{name}": {"kind": "compare"} for name in ("finished", "next")}
    calls = ("ahead", "draft", "finish", "heartbeat", "postpone", "skip", "submit")
    arguments |= {f"work:{name}": {"token": votes["review"].token} for name in calls}
    arguments |= {
        f"training:{name}": _pk(models["run"])
        for name in ("run", "live", "paradigms", "log", "resume", "learned")
    }
    arguments |= {"training:model-card": _pk(models["run"]) | {"part": "model"}}
    arguments |= {"training:estimate": {"job": models["probe"].pk}}
    arguments |= {"training:download": _pk(models["run"]) | {"part": "card"}}
    arguments |= {
        f"site:{name}": _pk(models["pipeline"])
        for name in ("pipeline", "pipeline-live", "pipeline-report", "resume-pipeline", "cancel-pipeline")
    }
    batch = {"batch": models["evaluation"].batch}
    arguments |= {"benchmark:batch": batch, "benchmark:batch-live": batch}
    arguments |= {"benchmark:batch-act": batch | {"action": "pause"}}
    arguments |= {
        f"benchmark:{name}": _pk(models["evaluation"])
        for name in ("evaluation", "live", "pause", "resume", "give-up", "run-card", "recheck")
    }
    scored_on = _pk(models["evaluation"].release)
    arguments |= {
        f"benchmark:{name}": scored_on
        for name in ("compute-leaderboard", "report", "report-files", "compute-report")
    }
    arguments |= {
        "benchmark:report-cases": scored_on,
        "benchmark:report-part": scored_on | {"part": "slices"},
    }
    arguments |= {"benchmark:report-case": scored_on | {"row": "case-1"}}
    arguments |= {"benchmark:solver-slices": _pk(models["held_out"])}
    arguments |= {"benchmark:shared-data": scored_on | {"endpoint": models["evaluation"].endpoint_id}}
    return World(cast, arguments)


def _access(cast: Cast) -> dict[str, Model]:
    """What an operator did from outside the study: a reset link, a role asked for, a reading that is over."""
    reset, _ = invitations.issue_reset(person=cast.ben, by=cast.otto)
    asked = ask_for_role(study=cast.study, person=cast.nora, role="annotator", by=cast.otto)
    glass = open_study(study=cast.study, by=cast.otto, reason="A reader cannot open a case.")
    return {
        "revoke-reset": reset,
        "acknowledge": AccessNotice.objects.get(invitation=reset, study=cast.study),
        "confirm": asked,
        "decline": asked,
        "end-break-glass": end_reading(glass=glass, by=cast.otto),
    }


def _share(cast: Cast) -> EndpointShare:
    endpoint = ModelEndpoint.objects.get(name=MODELS[1])
    return EndpointShare.objects.create(endpoint=endpoint, study=cast.other_study, shared_by=cast.otto)


def _pk(row: Model) -> dict[str, Any]:
    return {"pk": row.pk}


def _data(cast: Cast) -> dict[str, Any]:
    """Curation: a disputed trace, a waiting image, a frozen release with its export."""
    of = making.source(cast.study)
    accepted = making.trace(making.question(cast.study, of, 101), making.endpoint())
    disputed = making.trace(making.question(cast.study, of, 102), making.endpoint(), TraceState.DISPUTED)
    making.trace(making.question(cast.study, of, 103), making.endpoint(), TraceState.CHECKED)
    release = freeze_traces(study=cast.study, name="Traces 1", by=cast.lena)
    export = start_export(release=release, by=cast.lena)
    run_now(export.job)
    export.refresh_from_db()
    link, link_token = make_export_link(export=export, valid_for="1 day", by=cast.lena)
    job = _job(cast, "curation.import", "succeeded")
    batch = Import.objects.create(study=cast.study, source=of, job=job, created_by=cast.max)
    return {
        "image": Image.objects.filter(questions=accepted.question).get(),
        "waiting": making.image(cast.study, of, 104, state="quarantined"),
        "import": batch,
        "source": of,
        "question": accepted.question,
        "trace": disputed,
        "release": release,
        "correction": freeze_traces(study=cast.study, name="Traces 2", by=cast.lena, derived_from=release),
        "export": export,
        "preview": start_preview(study=cast.study, kind="questions", by=cast.lena),
        "freezing": start_freeze(study=cast.study, kind="questions", name="On its way", by=cast.lena),
        "push": waiting_push(release, cast.max),
        "let_through": asked_to_let_through(release, cast.max),
        "link": link,
        "link_token": link_token,
    }


def asked_to_let_through(release: Release, by: Person, **fields: Any) -> LetThrough:
    """A date that a lead asks to let through."""
    asked = {"kind": "date", "digest": "d" * 64, "asked_reason": "The day of a guideline.", "asked_by": by}
    place = "rows.jsonl, row trace-1, field reasoning: it holds a date."
    return LetThrough.objects.create(release=release, place=place, **asked | fields)


def waiting_push(release: Release, by: Person, **fields: Any) -> Push:
    """A public push that waits for a second lead."""
    content = {"content_kind": "release", "content_id": release.pk, "digest": release.digest}
    place = {"endpoint": "https://huggingface.co", "repo_id": "clinic/traces", "repo_type": "dataset"}
    asked = {"name": release.name, "tag": f"release-{release.digest[:12]}", "is_private": False}
    return Push.objects.create(study=release.study, created_by=by, **content | place | asked | fields)


def _votes(cast: Cast) -> dict[str, Any]:
    """Two cases: one disputed and claimed by the adjudicator, one with a single vote that may be revised.

    The annotator has that stored vote and holds a trace to review.
    """
    _answer(cast)
    open_comparison_round(study=cast.study, name="Round 1", by=cast.lena, limit=1)
    for person, letter in zip(cast.annotators, "aba", strict=True):
        voting.vote(cast.study, person, letter)
    open_comparison_round(study=cast.study, name="Round 2", by=cast.lena)
    stored = voting.vote(cast.study, cast.anna, "a")
    open_reviews(study=cast.study, name="Reviews 1", by=cast.lena)
    return {
        "case": Case.objects.select_related("round").get(pk=stored.item.object_id),
        "compare": Claim.objects.get(item=stored.item, person=cast.anna),
        "review": voting.claim(cast.study, cast.anna, Kind.REVIEW),
        "adjudicate": voting.claim(cast.study, cast.rosa, Kind.ADJUDICATE),
    }


def _answer(cast: Cast) -> None:
    of = making.source(cast.study, "Test archive")
    for number in (201, 202):
        question = making.question(cast.study, of, number, use="test")
        for name in MODELS:
            endpoint = making.endpoint(name, family=f"family-{name}", study=cast.study)
            voting.response(question, endpoint, f"The field is plain.\n\nAnswer: {name[0]}")


def make_models(cast: Cast, release: Release) -> dict[str, Any]:
    """A finished run with its events, an evaluation of each kind with one reply, a job that waits."""
    base = ModelEndpoint.objects.create(name="tiny base", path="tiny/base", family="tiny", study=cast.study)
    run = Run.objects.create(
        study=cast.study,
        stage=Stage.DSA,
        specialty="adult_medicine",
        release=release,
        release_digest=release.digest,
        base=base,
        job=_job(cast, "training.run", "succeeded"),
        created_by=cast.lena,
    )
    for step in range(3):
        RunEvent.objects.create(
            run=run, sequence=step, kind="step", step=step, data={"loss": 1.0 / (step + 1)}
        )
    made = ModelEndpoint.objects.create(name="run-1", path="runs/1", family="tiny", study=cast.study)
    ProducedModel.objects.create(run=run, endpoint=made, digest="0" * 64, release_digests=[release.digest])
    probe = _job(cast, PROBE, "failed")
    chosen = {"specialty": "adult_medicine", "settings": {}, "seed": 0}
    probe.params = {"stage": "dsa", "release": release.pk, "base": base.pk, **chosen}
    probe.save()
    evaluation = _evaluation(cast, base)
    return {
        "run": run,
        "probe": probe,
        "evaluation": evaluation,
        "pipeline": _pipeline(cast, run, evaluation),
        "held_out": _held_out(cast),
        "job": _job(cast, "curation.trace"),
    }


def _held_out(cast: Cast) -> Release:
    row = {"id": "q-1", "options": {"A": "Yes", "B": "No"}, "answer_label": "A", "cluster": "c"}
    return freeze(
        study=cast.study,
        kind=ReleaseKind.QUESTIONS,
        name="Held out 1",
        rows=[NewRow("q-1", row, {})],
        left_out={},
        by=cast.lena,
    )


def _evaluation(cast: Cast, endpoint: ModelEndpoint) -> Evaluation:
    row = {"id": "case-1", "label": dict.fromkeys(DIMENSIONS, "A"), "cluster": "c"}
    preferences = freeze(
        study=cast.study,
        kind=ReleaseKind.PREFERENCES,
        name="Preferences 1",
        rows=[NewRow("case-1", row, {})],
        left_out={},
        by=cast.lena,
    )
    judged = Evaluation.objects.create(
        study=cast.study,
        kind=EvaluationKind.JUDGE,
        release=preferences,
        release_digest=preferences.digest,
        endpoint=endpoint,
        job=_job(cast, "benchmark.evaluation", "succeeded"),
        prompt_sha256="0" * 64,
        parser_version="1",
        run_card={"release": preferences.digest},
        expected_calls=2,
        created_by=cast.lena,
    )
    for order in ("ab", "ba"):
        reply = Reply.objects.create(endpoint=endpoint, request_sha256=order * 32, text="Accuracy: A")
        parsed = dict.fromkeys(DIMENSIONS, "A")
        Verdict.objects.create(evaluation=judged, row_id="case-1", order=order, reply=reply, parsed=parsed)
    return judged


def _pipeline(cast: Cast, run: Run, evaluation: Evaluation) -> Pipeline:
    """One that failed after its first two steps."""
    made = Pipeline.objects.create(
        study=cast.study,
        kind=PipelineKind.WHOLE,
        state=PipelineState.FAILED,
        release=evaluation.release,
        base=evaluation.endpoint,
        questions=evaluation.release,
        preset="default",
        seeds=[7],
        actor=cast.lena,
        created_by=cast.lena,
        finished_at=timezone.now(),
        error="GBA, seed 7 could not be started.",
    )
    first = PipelineStep(pipeline=made, position=1, kind=StepKind.RUN, stage=Stage.DSA, run=run)
    second = PipelineStep(
        pipeline=made, position=2, kind=StepKind.EVALUATION, recipe=Recipe.BASE, evaluation=evaluation
    )
    third = PipelineStep(pipeline=made, position=3, kind=StepKind.RUN, stage=Stage.GBA, recipe=Recipe.GBA)
    PipelineStep.objects.bulk_create([first, second, third])
    third.needs.set([first])
    return made


def _job(cast: Cast, kind: str, state: str = "queued") -> Job:
    return Job.objects.create(kind=kind, study=cast.study, state=state, created_by=cast.lena)
