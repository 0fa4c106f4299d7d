"""Stores a planned import: one transaction per image and per question, so each is whole or absent."""

from collections.abc import Callable

from django.db import transaction

from consilium.audit.record import record
from consilium.blobs.store import keep_stored
from consilium.jobs.handle import JobHandle, JobPostponed
from consilium.people.models import Study
from consilium.states.transitions import transition
from curation.held_texts import hold_question
from curation.imports.deidentify import RebuiltImage
from curation.imports.plan import ImportRequest, Plan, file_name_hash
from curation.imports.splits import draw
from curation.keys import keyed, study_key
from curation.models import Cluster, ClusterKey, Image, Question, QuestionImage
from curation.specialty import decide_specialty
from curation.states import ImageState

AGAIN_SECONDS = 2.0


def store_pictures(plan: Plan, handle: JobHandle) -> int:
    """Store the planned images; returns how many this import owns."""
    for number, picture in enumerate(plan.pictures.values()):
        handle.progress(number, len(plan.pictures), "Storing images")
        if picture.pixel_sha256 not in plan.known:
            plan.known[picture.pixel_sha256] = _store_picture(plan, picture)
    return len(plan.pictures)


def nothing_more(question: Question, content: str) -> None:
    """Stores nothing beside a question."""


def store_questions(
    plan: Plan, handle: JobHandle, also: Callable[[Question, str], None] = nothing_more
) -> int:
    """Store the planned questions; returns how many this import owns.

    `also(question, content)` stores, in the transaction of a new question, what belongs to it.
    """
    for number, asked in enumerate(plan.questions.values()):
        handle.progress(number, len(plan.questions), "Storing questions")
        if not Question.objects.filter(study=plan.study, content_sha256=asked.content).exists():
            _store_question(plan, asked, also)
    return len(plan.questions)


def _store_picture(plan: Plan, picture: RebuiltImage) -> Image:
    facts = picture.facts
    with transaction.atomic():
        if not keep_stored(picture.blobs):
            # A purge took a file that no image used yet: plan again, which puts it back.
            raise JobPostponed(AGAIN_SECONDS)
        image = Image.objects.create(
            study=plan.study,
            source=plan.source,
            batch=plan.batch,
            cluster=_cluster(plan, f"c-pixels:{picture.pixel_sha256}"),
            pixel_sha256=picture.pixel_sha256,
            source_sha256=picture.source_sha256,
            perceptual_hash=facts.perceptual_hash,
            kind=facts.kind,
            modality=facts.modality,
            body_part=facts.body_part.lower(),
            rows=facts.rows,
            columns=facts.columns,
            frames=facts.frames,
            facts=picture.stored_facts(),
            frame_blobs=list(picture.frame_blobs),
            model_blobs=list(picture.model_blobs),
            thumbnail_blob=picture.thumbnail_blob,
            fingerprints=list(facts.fingerprints),
            file_name_hash=file_name_hash(plan.study, picture.name),
        )
        must_be_seen = facts.needs_pixel_review and not plan.source.is_synthetic
        to = ImageState.QUARANTINED if must_be_seen else ImageState.RELEASED
        reason = facts.review_reason or ("synthetic" if plan.source.is_synthetic else "declared free of text")
        transition(image, to, by=None, data={"pixels": picture.pixel_sha256, "rule": str(reason)})
    return image


def _cluster(plan: Plan, node: str) -> Cluster:
    """The cluster of a node's group: the stored one, else a new one whose use is drawn now, for ever."""
    members = plan.groups.members(node)
    stored = plan.groups.cluster(node)
    cluster = Cluster.objects.get(pk=stored) if stored is not None else _new_cluster(plan, node, min(members))
    plan.groups.add(node, cluster=cluster.pk, use=cluster.use)
    for key in members:
        if not key.startswith("c-pixels:"):
            owner, _ = ClusterKey.objects.select_related("cluster").get_or_create(
                study=plan.study, key=_hashed(plan.study, key), defaults={"cluster": cluster}
            )
            if owner.cluster.use != cluster.use:
                # Another import gave this patient a use since we planned: plan again with what it stored.
                raise JobPostponed(AGAIN_SECONDS)
    return cluster


def _new_cluster(plan: Plan, node: str, first: str) -> Cluster:
    settings = plan.study.settings
    group_key = _hashed(plan.study, first)
    # What a source's permission keeps out of training can serve the test only.
    may_train = plan.source.may_train
    use = (
        plan.groups.use_of(node)
        or plan.use
        or draw(
            study_key(plan.study, "use"),
            group_key,
            seed=settings.seed,
            train=settings.split_train if may_train else 0.0,
            dev=settings.split_dev if may_train else 0.0,
        )
    )
    return Cluster.objects.get_or_create(study=plan.study, group_key=group_key, defaults={"use": use})[0]


def _hashed(study: Study, key: str) -> str:
    return keyed(study_key(study, "group"), key)


@transaction.atomic
def _store_question(plan: Plan, asked: ImportRequest, also: Callable[[Question, str], None]) -> None:
    question, images = asked.question, [plan.known[pixels] for pixels in asked.pixels]
    verdict = decide_specialty(
        "\n".join([question.text, *question.options.values()]),
        given=question.specialty,
        age_years=question.age_years if question.age_years is not None else images[0].facts.get("age_years"),
        organ_system=question.organ_system,
        department=question.department,
    )
    made = Question.objects.create(
        study=plan.study,
        source=plan.source,
        batch=plan.batch,
        cluster=_cluster(plan, f"c-pixels:{asked.pixels[0]}"),
        external_id=question.external_id,
        text=question.text,
        options=question.options,
        answer_label=question.answer_label,
        answer=question.answer,
        reference_trace=question.reference_trace,
        specialty=verdict.specialty,
        specialty_rule=verdict.rule,
        organ_system=question.organ_system,
        department=question.department,
        modality=question.modality or images[0].modality,
        body_part=question.body_part or images[0].body_part,
        question_type=question.question_type,
        facets=question.facets,
        content_sha256=asked.content,
    )
    links = [QuestionImage(question=made, image=image, position=i) for i, image in enumerate(images)]
    QuestionImage.objects.bulk_create(links)
    record(action="question.imported", obj=made, by=None, study=plan.study, data={"content": asked.content})
    hold_question(made)
    also(made, asked.content)
