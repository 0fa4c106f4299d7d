"""Models answer test questions: the responses that cases compare."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.models import Response
from consilium.answers import solver_prompt
from consilium.answers.normalise import normalise
from consilium.answers.think_answer import parse_think_answer, rejoin
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import complete_all
from consilium.inference.images import data_uri
from consilium.inference.models import ModelEndpoint, Reply
from consilium.inference.permissions import check_may_ask
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.clean_texts import read_ahead
from curation.images.access import model_images
from curation.models import Question, QuestionImage, Use
from curation.permissions import check_sources
from curation.states import ImageState, QuestionState


class NothingToAnswer(Refused):
    """No ready test question lacks an answer of this model."""


def readable(text: str) -> str:
    """The reply as people and judges read it: reasoning, then one line with the answer; words untouched."""
    parsed = parse_think_answer(text)
    return normalise(f"{parsed.thinking}\n\nAnswer: {parsed.answer}" if parsed.ok else text)


def unanswered(study: Study, endpoint: ModelEndpoint) -> Sequence[Question]:
    """Ready test questions with usable images and without a response of this endpoint, in order."""
    unseen = QuestionImage.objects.exclude(image__state=ImageState.RELEASED).values("question")
    ready = Question.objects.filter(study=study, state=QuestionState.READY, cluster__use=Use.TEST)
    ready = ready.exclude(pk__in=unseen)
    return list(ready.exclude(responses__endpoint=endpoint).select_related("source").order_by("pk"))


@transaction.atomic
def ask_for_answers(*, study: Study, endpoint: ModelEndpoint, by: Person) -> Job:
    """Queue the job in which one model answers every test question it has not answered.

    Raises NotAllowed, EndpointRefused, SourceRefused, NothingToAnswer.
    """
    check_lead(by, study)
    check_may_ask(endpoint, study=study)
    questions = unanswered(study, endpoint)
    _check_may_be_sent(questions, endpoint, study)
    if not questions:
        raise NothingToAnswer(f"{endpoint} has answered every ready test question of this study.")
    return enqueue(kind="annotation.answer", by=by, study=study, params={"endpoint": endpoint.pk})


def answer_questions(handle: JobHandle) -> dict[str, Any]:
    """The job: ask, store each response as it arrives; a second run asks only for what is missing."""
    study, endpoint = handle.job.study, ModelEndpoint.objects.get(pk=handle.params["endpoint"])
    assert study is not None
    questions = {str(question.pk): question for question in unanswered(study, endpoint)}
    _check_may_be_sent(list(questions.values()), endpoint, study)
    done = 0

    def store(ask: ChatRequest, reply: Reply) -> None:
        nonlocal done
        text = rejoin(reply.text, reply.reasoning)
        with transaction.atomic():
            handle.fence()
            Response.objects.get_or_create(
                question=questions[ask.tag],
                endpoint=endpoint,
                defaults={"study": study, "reply": reply, "original": text, "text": readable(text)},
            )
        done += 1
        handle.progress(done, len(questions), f"{endpoint} answers")

    limit = study.settings.answer_tokens_max
    asks = (_ask(tag, question, limit) for tag, question in questions.items())
    asked = complete_all(endpoint, asks, study=study, on_reply=store, check=handle.check)
    read_ahead(Response.objects.filter(study=study, endpoint=endpoint).values_list("text", flat=True))
    if asked.failed:
        raise JobFailed(f"{len(asked.failed)} of {asked.asked} questions got no answer: {asked.failed[0][1]}")
    return {"answered": done}


def _ask(tag: str, question: Question, max_tokens: int) -> ChatRequest:
    uris = [data_uri(png) for png in model_images(question)]
    text = solver_prompt.build(question.text, question.options)
    return ChatRequest(messages=solver_prompt.as_messages(text, uris), tag=tag, max_tokens=max_tokens)


def _check_may_be_sent(questions: Sequence[Question], endpoint: ModelEndpoint, study: Study) -> None:
    if endpoint.is_hosted:
        check_sources(
            study, {question.source.name for question in questions}, "may_send_to_hosted", of=endpoint
        )
