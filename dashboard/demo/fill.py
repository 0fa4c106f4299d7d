"""Fills the demo study step by step, as a job: each step looks at what is there, so it can start anywhere."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import Case
from annotation.pairing import open_comparison_round
from annotation.release import freeze_preferences
from annotation.responses import ask_for_answers, unanswered
from annotation.states import CaseState
from benchmark.launch import evaluate
from benchmark.models import Evaluation, EvaluationKind
from consilium.inference.endpoints import add_endpoint
from consilium.inference.models import ModelEndpoint
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.models import Job
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.processes import tied_to_parent
from consilium.workqueue.models import Kind, Round
from curation.images.pixel_review import sign_pixels
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Image, Question, Release, ReleaseKind, Source, Trace
from curation.questions import open_questions
from curation.releases.gather import freeze_questions, freeze_traces
from curation.states import ImageState, QuestionState, TraceState
from curation.traces.generate import lacking, start_tracing
from curation.traces.review import open_reviews
from dashboard.demo import pictures
from dashboard.demo.clinicians import work_through
from dashboard.models import Pipeline, PipelineKind
from dashboard.pipelines.advance import advance, pipeline_steps
from dashboard.pipelines.launch import start_pipeline
from training.demo_models import teaching_set
from training.models import Run

TINY = ("base", "teacher", "second", "judge_careful", "judge_hasty")
TEACHING_ITEMS = 160
# Two specialties: experts of four move a model this small too far apart for any merge to keep them.
TAUGHT = ("pediatrics", "brain_senses")
COLOURS = 4
FINISHED, OPEN = "First round", "Second round"
BURNED_IN = "pydicom-examples_jpeg2k"
WAITING = "pydicom-examples_palette"


class Demo:
    """The demo study while it is being filled: its people, and a way to wait for a job."""

    def __init__(self, study: Study, handle: JobHandle) -> None:
        self.study, self.handle = study, handle

    def person(self, username: str) -> Person:
        """One of the cast."""
        return Person.objects.get(username=username)

    @property
    def lead(self) -> Person:
        """The lead who does everything."""
        return self.person("lena")

    def endpoint(self, name: str) -> ModelEndpoint:
        """One of the tiny models."""
        return ModelEndpoint.objects.get(name=f"tiny {name}")

    def finish(self, *jobs: Job) -> None:
        """Run the jobs here unless a worker already has them; wait for those. Raises JobFailed."""
        for job in jobs:
            run_until_over(job, self.handle.check)
            if job.state != JobState.SUCCEEDED:
                raise JobFailed(f"{job.label}: {job.error or job.get_state_display()}")


def fill_demo(handle: JobHandle) -> dict[str, Any]:
    """The job: every step in order; a step whose result is there does nothing."""
    study = handle.job.study
    assert study is not None
    demo = Demo(study, handle)
    for number, (note, step) in enumerate(STEPS):
        handle.progress(number, len(STEPS), note)
        step(demo)
    handle.progress(len(STEPS), len(STEPS), "The demo study is complete")
    return {"steps": len(STEPS)}


def make_models(demo: Demo) -> None:
    """Build and briefly train the tiny models in a process of its own; register them."""
    folder = Path(settings.MODELS_FOLDER) / "tiny"
    command = [sys.executable, "-m", "training.demo_models.build", "--out", str(folder)]
    process = subprocess.Popen(
        tied_to_parent(command),
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            _pause(process)
            demo.handle.check()
    finally:
        process.kill()
    if process.returncode:
        raise JobFailed("The tiny models could not be built; the worker's log says why.")
    for name in TINY:
        if not ModelEndpoint.objects.filter(name=f"tiny {name}").exists():
            add_endpoint(
                name=f"tiny {name}", by=demo.lead, path=f"tiny/{name}", family="tiny", study=demo.study
            )


def _pause(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        return


def import_pictures(demo: Demo) -> None:
    """Import pydicom's images with their questions, and look at their pixels."""
    source, is_new = Source.objects.get_or_create(
        study=demo.study,
        name="pydicom test files",
        defaults={"licence": pictures.LICENCE, "citation": pictures.CITATION, "may_redistribute": True},
    )
    if is_new or not Question.objects.filter(source=source).exists():
        files = [
            Upload(pictures.upload_name(q.file), [(pictures.pictures_folder() / q.file).read_bytes()])
            for q in pictures.QUESTIONS
        ]
        lines = _jsonl([q.line() for q in pictures.QUESTIONS])
        batch = start_import(
            study=demo.study, source=source, files=[*files, Upload("questions.jsonl", [lines])], by=demo.lead
        )
        demo.finish(batch.job)


def review_pixels(demo: Demo) -> None:
    """A senior looks at the pixels: one shows a hospital's name and is refused, one is left waiting."""
    senior = demo.person("max")
    for image in Image.objects.filter(study=demo.study, state=ImageState.QUARANTINED):
        ids = set(image.questions.values_list("external_id", flat=True))
        if WAITING in ids:
            continue
        is_clean = BURNED_IN not in ids
        note = "" if is_clean else "A hospital's name stands in the picture."
        sign_pixels(image=image, is_clean=is_clean, note=note, by=senior, pixel_sha256=image.pixel_sha256)


def import_teaching_set(demo: Demo) -> None:
    """Import the synthetic teaching set; its rows say which use they are for."""
    source, _ = Source.objects.get_or_create(
        study=demo.study,
        name=teaching_set.NOTICE,
        defaults={
            "licence": "CC0-1.0",
            "may_train": True,
            "may_redistribute": True,
            "may_send_to_hosted": True,
            "is_synthetic": True,
        },
    )
    if Question.objects.filter(source=source).exists():
        return
    items = teaching_set.make(TEACHING_ITEMS, seed=demo.study.settings.seed, specialties=TAUGHT)
    files = [Upload(f"{item.patient}.png", [item.image_png]) for item in items]
    rows = [_teaching_row(item, _use(position)) for position, item in enumerate(items)]
    batch = start_import(
        study=demo.study,
        source=source,
        files=[*files, Upload("teaching.jsonl", [_jsonl(rows)])],
        by=demo.lead,
    )
    demo.finish(batch.job)


def _use(position: int) -> str:
    """For every specialty and colour alike: 60 % train, 10 % dev, 30 % test."""
    order = ("train", "train", "test", "train", "test", "train", "dev", "train", "test", "train")
    return order[position // (len(TAUGHT) * COLOURS) % len(order)]


def _teaching_row(item: teaching_set.TeachingItem, use: str) -> dict[str, Any]:
    return {
        "id": item.patient,
        "question": item.question,
        "options": item.options,
        "answer": item.answer_label,
        "images": [f"{item.patient}.png"],
        "specialty": item.specialty,
        "use": use,
        "modality": "synthetic",
    }


def _jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def make_ready(demo: Demo) -> None:
    """Open every question whose images may be shown."""
    open_questions(study=demo.study, by=demo.lead)


def fill_traces(demo: Demo) -> None:
    """The teacher writes traces for the training questions."""
    teacher = demo.endpoint("teacher")
    if lacking(demo.study, teacher, "", demo.study.settings.trace_samples).exists():
        demo.finish(start_tracing(study=demo.study, endpoint=teacher, by=demo.lead))


def review_traces(demo: Demo) -> None:
    """One round of trace reviews that is finished, and one that is open."""
    if not Round.objects.filter(study=demo.study, kind=Kind.REVIEW, name=FINISHED).exists():
        checked = Trace.objects.filter(study=demo.study, state=TraceState.CHECKED).count()
        open_reviews(study=demo.study, name=FINISHED, by=demo.lead, limit=max(1, checked - 8))
    if not Round.objects.filter(study=demo.study, kind=Kind.REVIEW, name=OPEN).exists():
        _work(demo, ("amara", "bruno", "chiara"), Kind.REVIEW)
        open_reviews(study=demo.study, name=OPEN, by=demo.lead)


def freeze_first(demo: Demo) -> None:
    """Freeze the accepted traces and the held-out questions."""
    kinds = set(Release.objects.filter(study=demo.study).values_list("kind", flat=True))
    if ReleaseKind.TRACES not in kinds:
        freeze_traces(study=demo.study, name="Traces 1", by=demo.lead)
    if ReleaseKind.QUESTIONS not in kinds:
        freeze_questions(study=demo.study, name="Held-out questions 1", by=demo.lead)


def collect_answers(demo: Demo) -> None:
    """Two models answer the test questions."""
    for name in ("teacher", "second"):
        if unanswered(demo.study, demo.endpoint(name)):
            demo.finish(ask_for_answers(study=demo.study, endpoint=demo.endpoint(name), by=demo.lead))


def compare_answers(demo: Demo) -> None:
    """One round of comparisons that is finished and frozen, and one that is open."""
    if not Round.objects.filter(study=demo.study, kind=Kind.COMPARE, name=FINISHED).exists():
        open_comparison_round(study=demo.study, name=FINISHED, by=demo.lead, limit=_answered(demo) - 14)
    if not Release.objects.filter(study=demo.study, kind=ReleaseKind.PREFERENCES).exists():
        _work(demo, ("amara", "bruno", "chiara"), Kind.COMPARE)
        disputed = Case.objects.filter(study=demo.study, state=CaseState.DISPUTED).count()
        left = max(0, disputed - 3)  # two stay open, so that the senior's screens have something to show
        adjudicate = partial(work_through, study=demo.study, person=demo.person("ruth"), kind=Kind.ADJUDICATE)
        adjudicate(limit=left)
        first = freeze_preferences(study=demo.study, name="Preferences 1", by=demo.lead)
        adjudicate(limit=1)
        freeze_preferences(study=demo.study, name="Preferences 2", by=demo.lead, derived_from=first)
    if not Round.objects.filter(study=demo.study, kind=Kind.COMPARE, name=OPEN).exists():
        open_comparison_round(study=demo.study, name=OPEN, by=demo.lead)


def _answered(demo: Demo) -> int:
    ready = Question.objects.filter(study=demo.study, state=QuestionState.READY, cluster__use="test")
    return ready.exclude(pk__in=Case.objects.filter(study=demo.study).values("question")).count()


def _work(demo: Demo, names: Sequence[str], kind: Kind) -> None:
    for name in names:
        while work_through(study=demo.study, person=demo.person(name), kind=kind, limit=10):
            demo.handle.check()


def score_judges(demo: Demo) -> None:
    """Two judges on the preference release, in both orders."""
    release = Release.objects.filter(study=demo.study, kind=ReleaseKind.PREFERENCES).earliest("created_at")
    _score(demo, EvaluationKind.JUDGE, release, ("judge_careful", "judge_hasty"))


def fill_training(demo: Demo) -> None:
    """A pipeline: DSA for each specialty, GBA, the merge, and the scores of base and merge."""
    first = Release.objects.filter(study=demo.study).order_by("created_at")
    if not Run.objects.filter(study=demo.study).exists():
        start_pipeline(
            study=demo.study,
            kind=PipelineKind.WHOLE,
            release=first.filter(kind=ReleaseKind.TRACES)[0],
            base=demo.endpoint("base"),
            questions=first.filter(kind=ReleaseKind.QUESTIONS)[0],
            by=demo.lead,
            seeds=[7],
            preset="demo",
        )
    for pipeline in Pipeline.objects.filter(study=demo.study):
        while not pipeline.is_over:
            demo.finish(*(step.job for step in pipeline_steps(pipeline) if step.job))
            advance(pipeline)


def score_solvers(demo: Demo) -> None:
    """What the pipeline has not scored on the held-out questions: experts and reinforced model."""
    release = Release.objects.filter(study=demo.study, kind=ReleaseKind.QUESTIONS).earliest("created_at")
    known = Evaluation.objects.filter(release=release).values("endpoint")
    produced = ModelEndpoint.objects.filter(produced_by__run__study=demo.study).exclude(pk__in=known)
    base = ModelEndpoint.objects.filter(name="tiny base").exclude(pk__in=known)
    endpoints = [*base, *produced.order_by("pk")]
    if endpoints:
        evaluate(
            study=demo.study, kind=EvaluationKind.SOLVER, release=release, endpoints=endpoints, by=demo.lead
        )
    demo.finish(*(evaluation.job for evaluation in Evaluation.objects.filter(release=release)))


def _score(demo: Demo, kind: EvaluationKind, release: Release, names: Sequence[str]) -> None:
    if not Evaluation.objects.filter(release=release).exists():
        endpoints = [demo.endpoint(name) for name in names]
        evaluate(study=demo.study, kind=kind, release=release, endpoints=endpoints, by=demo.lead)
    demo.finish(*(evaluation.job for evaluation in Evaluation.objects.filter(release=release)))


STEPS: tuple[tuple[str, Callable[[Demo], None]], ...] = (
    ("Importing the teaching set", import_teaching_set),
    ("Importing real images", import_pictures),
    ("Reviewing pixels", review_pixels),
    ("Opening questions", make_ready),
    ("Building the tiny models", make_models),
    ("Writing traces", fill_traces),
    ("Reviewing traces", review_traces),
    ("Freezing traces and held-out questions", freeze_first),
    ("Collecting answers", collect_answers),
    ("Comparing answers", compare_answers),
    ("Scoring judges", score_judges),
    ("Training experts, reinforcing, merging", fill_training),
    ("Scoring models on held-out questions", score_solvers),
)
