"""Asks a teacher model for reasoning traces, checks them and picks one sample per question."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Count, Q

from consilium.answers import option_letters, steps, think_answer, trace_prompt
from consilium.answers.checks import CheckOutcome, TraceLimits, run_checks
from consilium.answers.paradigms import PARADIGMS
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import complete_all
from consilium.inference.images import data_uri
from consilium.inference.models import ModelEndpoint, Reply
from consilium.inference.permissions import check_may_ask
from consilium.inference.refusals import ServingFailed
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.states.transitions import transition
from curation.clean_texts import read_ahead
from curation.images.access import NotShowable, model_images
from curation.models import Question, Trace, TraceStep, Use
from curation.states import TraceState
from curation.traces.tokens import counter_for

KIND: Final = "curation.trace"
CHUNK: Final = 32
EXTRA_TOKENS: Final = 64
SAMPLE_TEMPERATURE: Final = 0.8


class NothingToTrace(Refused):
    """No question waits for a trace of this model; the text says why."""


def start_tracing(*, study: Study, endpoint: ModelEndpoint, by: Person, paradigm: str = "") -> Job:
    """Queue the writing of traces for every ready training question that lacks one from `endpoint`.

    Raises NotAllowed, EndpointRefused, NothingToTrace.
    """
    check_lead(by, study)
    check_may_ask(endpoint, study=study)
    if paradigm and paradigm not in PARADIGMS:
        raise NothingToTrace(f"A paradigm is one of {', '.join(PARADIGMS)}.")
    samples = int(study.settings.trace_samples)
    if not lacking(study, endpoint, paradigm, samples).exists():
        raise NothingToTrace(_why_nothing(study, endpoint))
    params = {"endpoint": endpoint.pk, "paradigm": paradigm, "samples": samples}
    return enqueue(kind=KIND, by=by, study=study, params=params)


def lacking(
    study: Study, endpoint: ModelEndpoint, paradigm: str, samples: int
) -> "models.QuerySet[Question]":
    """Ready training questions with fewer than `samples` traces of the endpoint that it may be asked.

    A hosted endpoint gets only questions whose source permits it (METHOD.md section 6b).
    """
    questions = Question.objects.for_use(study, Use.TRAIN).ready()
    if endpoint.is_hosted:
        questions = questions.filter(source__may_send_to_hosted=True)
    written = Count("traces", filter=Q(traces__endpoint=endpoint, traces__paradigm=paradigm))
    return questions.annotate(written=written).filter(written__lt=samples).order_by("pk")


def run_tracing(handle: JobHandle) -> dict[str, Any]:
    """The job. What is stored is not asked again, so a repeated job goes on where the last one stopped."""
    study = handle.job.study
    assert study is not None
    endpoint = ModelEndpoint.objects.get(pk=handle.params["endpoint"])
    paradigm, samples = str(handle.params["paradigm"]), int(handle.params["samples"])
    waiting = list(lacking(study, endpoint, paradigm, samples).values_list("pk", flat=True))
    round_ = _Round(handle, study, endpoint, paradigm, samples, len(waiting))
    try:
        for start in range(0, len(waiting), CHUNK):
            round_.write(waiting[start : start + CHUNK])
    except ServingFailed as refusal:
        raise JobFailed(str(refusal)) from refusal
    _select_left_over(study, endpoint)
    return round_.report()


def _select_left_over(study: Study, endpoint: ModelEndpoint) -> None:
    """Pick samples where a job died between storing the last one and picking."""
    several = Count("traces", filter=Q(traces__endpoint=endpoint, traces__state=TraceState.CHECKED))
    for question in Question.objects.filter(study=study).annotate(n=several).filter(n__gt=1):
        select_sample(question, endpoint)


@dataclass(slots=True)
class _Round:
    """One job's state: what it writes with, and its counts."""

    handle: JobHandle
    study: Study
    endpoint: ModelEndpoint
    paradigm: str
    samples: int
    total: int
    done: int = 0
    written: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0

    def write(self, question_ids: Sequence[int]) -> None:
        """Ask for the traces of some questions, store them, pick the samples."""
        related = Question.objects.filter(pk__in=question_ids).select_related("source", "study")
        questions = {question.pk: question for question in related.order_by("pk")}
        counter = counter_for(self.endpoint)

        def keep(ask: ChatRequest, reply: Reply) -> None:
            question_id, sample = ask.tag.split(":")
            stored = self._store(questions[int(question_id)], int(sample), reply, counter)
            self.written += stored

        asked = complete_all(
            self.endpoint,
            self._asks(questions.values()),
            study=self.study,
            on_reply=keep,
            check=self.handle.check,
            is_sampled=self.samples > 1,
        )
        self.failed += [reason for _, reason in asked.failed]
        _read_ahead(question_ids, self.endpoint)
        for question in questions.values():
            select_sample(question, self.endpoint)
        self.done += len(question_ids)
        self.handle.progress(self.done, self.total, f"{self.done} of {self.total} questions")

    def report(self) -> dict[str, Any]:
        """The job's result. Raises JobFailed when the model gave no answer at all."""
        if self.failed and not self.written:
            raise JobFailed(f"The model gave no usable answer ({self.failed[0]}).")
        traces = Trace.objects.filter(study=self.study, endpoint=self.endpoint, paradigm=self.paradigm)
        states = dict(traces.values_list("state").annotate(n=Count("pk")).order_by())
        return {
            "written": self.written,
            "unanswered": len(self.failed),
            "skipped": self.skipped,
            "states": states,
        }

    def _asks(self, questions: "Any") -> Iterator[ChatRequest]:
        for question in questions:
            have = set(
                question.traces.filter(endpoint=self.endpoint, paradigm=self.paradigm).values_list(
                    "sample", flat=True
                )
            )
            try:
                uris = [data_uri(png) for png in model_images(question)]
            except NotShowable:
                self.skipped += 1
                continue
            messages = trace_prompt.as_messages(self._prompt(question), uris)
            for sample in sorted(set(range(self.samples)) - have):
                yield self._ask(question, sample, messages)

    def _prompt(self, question: Question) -> str:
        gold = question.answer_label or question.answer
        shown = gold if gold and self.study.settings.teacher_sees_gold else None
        return trace_prompt.build(question.text, question.options, gold=shown, paradigm=self.paradigm or None)

    def _ask(self, question: Question, sample: int, messages: list[dict[str, Any]]) -> ChatRequest:
        settings = self.study.settings
        return ChatRequest(
            messages=messages,
            tag=f"{question.pk}:{sample}",
            max_tokens=int(settings.trace_tokens_max) + EXTRA_TOKENS,
            # The first sample is the model's best guess, the others vary around it.
            temperature=SAMPLE_TEMPERATURE if sample else 0.0,
            seed=int(settings.seed) + sample if sample else None,
        )

    def _store(self, question: Question, sample: int, reply: Reply, counter: Any) -> int:
        text = think_answer.rejoin(reply.text, reply.reasoning)
        with transaction.atomic():
            self.handle.fence()
            trace, is_new = Trace.objects.get_or_create(
                question=question,
                endpoint=self.endpoint,
                paradigm=self.paradigm,
                sample=sample,
                defaults={"study": self.study, "reply": reply, "text": text},
            )
            if is_new:
                _check_trace(trace, counter)
        return int(is_new)


def _check_trace(trace: Trace, counter: Any) -> None:
    """Split into steps, run the automatic checks, move to `checked` or `failed_check`."""
    parsed = think_answer.parse_think_answer(trace.text)
    parts = steps.split_steps(parsed.thinking) if parsed.ok else []
    TraceStep.objects.bulk_create(
        TraceStep(trace=trace, position=i, original=part, text=part) for i, part in enumerate(parts)
    )
    outcomes = _outcomes(trace, counter)
    if parsed.ok and not parts:
        outcomes.append(CheckOutcome("steps", False, "no step found"))
    passed = all(outcome.passed for outcome in outcomes)
    transition(
        trace,
        TraceState.CHECKED if passed else TraceState.FAILED_CHECK,
        by=None,
        data={"failed": [outcome.name for outcome in outcomes if not outcome.passed]},
        checks=[asdict(outcome) for outcome in outcomes],
        answer_label=_answer_label(trace),
    )


def _outcomes(trace: Trace, counter: Any) -> list[CheckOutcome]:
    settings, question = trace.study.settings, trace.question
    others = Trace.objects.filter(question=question).exclude(pk=trace.pk)
    return run_checks(
        trace.text,
        letters="".join(question.options),
        gold=question.answer_label or None,
        count_tokens=counter,
        others=list(others.exclude(state=TraceState.FAILED_CHECK).values_list("text", flat=True)),
        limits=TraceLimits(int(settings.trace_tokens_min), int(settings.trace_tokens_max)),
    )


def _answer_label(trace: Trace) -> str:
    letters = "".join(trace.question.options)
    return (option_letters.extract(trace.text, letters).letter or "") if letters else ""


def select_sample(question: Question, endpoint: ModelEndpoint) -> Trace | None:
    """Keep the first checked sample of the endpoint for the question and set the others aside."""
    checked = list(
        Trace.objects.filter(question=question, endpoint=endpoint, state=TraceState.CHECKED).order_by(
            "paradigm", "sample"
        )
    )
    chosen = Trace.objects.filter(question=question, endpoint=endpoint).exclude(
        state__in=[
            TraceState.GENERATED,
            TraceState.CHECKED,
            TraceState.FAILED_CHECK,
            TraceState.NOT_SELECTED,
        ]
    )
    keep = chosen.first() or (checked[0] if checked else None)
    for trace in checked:
        if trace != keep:
            transition(trace, TraceState.NOT_SELECTED, by=None)
    return keep


def _why_nothing(study: Study, endpoint: ModelEndpoint) -> str:
    ready = Question.objects.for_use(study, Use.TRAIN).ready()
    if not ready.exists():
        return "No training question is ready: import questions, review their images and open them first."
    if endpoint.is_hosted and not ready.filter(source__may_send_to_hosted=True).exists():
        source = ready.first()
        name = source.source.name if source else ""
        return f"Source {name!r} may not be sent to hosted models (rule may_send_to_hosted)."
    return f"Every ready training question already has its traces from {endpoint.name}."


def _read_ahead(question_ids: Sequence[int], endpoint: ModelEndpoint) -> None:
    """Look for patients' data in what was written: an export says each step, and the steps joined."""
    written: dict[int, list[str]] = {}
    stored = TraceStep.objects.filter(trace__question__in=question_ids, trace__endpoint=endpoint)
    for trace, said in stored.order_by("trace", "position").values_list("trace", "original"):
        written.setdefault(trace, []).append(said)
    read_ahead(each for said in written.values() for each in (*said, "\n".join(said)))
