"""Rows that curation tests start from, made without the importer."""

import hashlib
import io
import random
import uuid

from PIL import Image as Picture

from consilium.blobs.store import put
from consilium.inference.models import ModelEndpoint, Reply
from consilium.people.models import Person, Study
from consilium.workqueue.models import Submission, WorkItem
from curation.models import (
    Cluster,
    Image,
    Question,
    QuestionImage,
    Source,
    StepStatus,
    Trace,
    TraceReview,
    TraceStep,
)
from curation.states import ImageState, QuestionState, TraceState


def source(study: Study, name: str = "Own archive", **flags: object) -> Source:
    allowed = {"may_train": True, "may_redistribute": True, "is_synthetic": True} | flags
    return Source.objects.create(study=study, name=name, licence="CC-BY-4.0", **allowed)


def png(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", (32, 32), colour).save(out, "PNG")
    return out.getvalue()


def noise(seed: int) -> bytes:
    """A picture with structure, so that its perceptual hash tells it from others."""
    out = io.BytesIO()
    Picture.frombytes("L", (32, 32), random.Random(seed).randbytes(32 * 32)).save(out, "PNG")
    return out.getvalue()


def image(
    study: Study, of: Source, number: int, use: str = "train", state: str = ImageState.RELEASED
) -> Image:
    content = png((number % 256, 40, number // 256))
    digest = hashlib.sha256(content).hexdigest()
    cluster, _ = Cluster.objects.get_or_create(study=study, group_key=digest, defaults={"use": use})
    blob = put(content, "image/png")
    return Image.objects.create(
        study=study,
        source=of,
        cluster=cluster,
        state=state,
        pixel_sha256=digest,
        source_sha256=digest,
        perceptual_hash=f"{number:016x}",
        kind="colour",
        modality="OT",
        rows=32,
        columns=32,
        frame_blobs=[blob.sha256],
        model_blobs=[blob.sha256],
        thumbnail_blob=blob.sha256,
    )


def question(
    study: Study, of: Source, number: int, use: str = "train", state: str = QuestionState.READY
) -> Question:
    picture = image(study, of, number, use)
    made = Question.objects.create(
        study=study,
        source=of,
        cluster=picture.cluster,
        state=state,
        external_id=f"Q{number}",
        text=f"What does picture {number} show?",
        options={"A": "A red field", "B": "A blue field"},
        answer_label="A",
        answer="A red field",
        specialty="adult_medicine",
        specialty_rule="default",
        content_sha256=hashlib.sha256(f"{study.pk} {number}".encode()).hexdigest(),
    )
    QuestionImage.objects.create(question=made, image=picture)
    return made


def endpoint(name: str = "teacher", **fields: object) -> ModelEndpoint:
    defaults = {"base_url": "http://127.0.0.1:9/v1", "model_id": name, "family": "tiny"} | fields
    return ModelEndpoint.objects.get_or_create(name=name, defaults=defaults)[0]


def trace(of: Question, by: ModelEndpoint, state: str = TraceState.ACCEPTED, sample: int = 0) -> Trace:
    text = "<think>The field is red.\nRed means A.</think><answer>A</answer>"
    key = hashlib.sha256(f"{of.pk} {by.pk} {sample}".encode()).hexdigest()
    reply = Reply.objects.create(endpoint=by, request_sha256=key, text=text)
    made = Trace.objects.create(
        study=of.study,
        question=of,
        endpoint=by,
        reply=reply,
        sample=sample,
        state=state,
        text=text,
        answer_label="A",
    )
    status = StepStatus.ACCEPTED if state == TraceState.ACCEPTED else StepStatus.PENDING
    for position, words in enumerate(["The field is red.", "Red means A."]):
        TraceStep.objects.create(trace=made, position=position, original=words, text=words, status=status)
    return made


def review(of: Trace, person: Person, *, version: int = 1, decision: str = "accepted") -> TraceReview:
    """One version of a person's review that accepts every step, as if it had come through the queue."""
    item = WorkItem.objects.get_or_create(
        kind="review", object_id=of.pk, defaults={"study": of.study, "role": "annotator", "capacity": 9}
    )[0]
    steps = [{"id": f"step-{step.position + 1}", "status": decision} for step in of.steps.all()]
    sent = Submission.objects.create(
        item=item,
        study=of.study,
        person=person,
        kind="review",
        idempotency_key=uuid.uuid4(),
        version=version,
        content={"steps": steps},
        content_sha256="0" * 64,
        active_seconds=30,
        guideline=of.study.guideline,
    )
    return TraceReview.objects.create(
        submission=sent, trace=of, person=person, decision=decision, steps=steps
    )
