"""What scoring would take, told before anything is asked: calls, tokens, time and cost, and their grounds.

Measured where the model answered such questions before: tokens as its server counted them, seconds as the
caller waited. Else tokens come from the length of the texts, and time is not known. A price is one that the
model registry states; nothing stands in for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from statistics import fmean
from typing import Any, Final, TypeAlias

from benchmark.launch import answer_tokens, current_method
from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant, SolverResult, Verdict
from benchmark.open_judge import check_open_judge, open_judge_method
from benchmark.preconditions import check_scorable
from benchmark.release_rows import answer_kind, expected_calls
from benchmark.variants import STANDARD, PlannedVariant, check_variants
from consilium.answers import judge_prompt, reference_verdict, solver_prompt
from consilium.answers.open_answers import AnswerKind
from consilium.inference.model_entries import entries_of
from consilium.inference.models import ModelEndpoint
from consilium.inference.targets import target_of
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release
from curation.releases.freeze import rows_of

CHARACTERS_PER_TOKEN: Final = 4
IMAGE_TOKENS: Final = 1000
WRITTEN_TOKENS: Final = 200
_LOOKED_AT: Final = 200  # rows, and replies of a model
_EVALUATIONS: Final = 5  # of a model, the newest, until one has replies
# Tokens asked, tokens written, milliseconds.
Replied: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MeanCall:
    """Tokens of one call, means over `counted` replies or assumed (0); milliseconds over `timed`, if any."""

    prompt_tokens: float
    completion_tokens: float
    milliseconds: float | None = None
    counted: int = 0
    timed: int = 0


@dataclass(frozen=True, slots=True)
class ScoringEstimate:
    """One model in one variant, or as the judge that `decides` on open answers of the others.

    `stored`: answered before, so that they cost no call. `counted`: replies behind the tokens, 0 where they
    are assumed; `timed`: those behind the seconds, with `in_flight` calls at once. `dollars` by the prices of
    the registry. None: not known.
    """

    endpoint: ModelEndpoint
    variant: PlannedVariant
    calls: int
    stored: int
    prompt_tokens: int
    completion_tokens: int
    counted: int
    in_flight: int
    timed: int
    seconds: float | None
    dollars: float | None
    decides: bool = False


def estimate_scoring(
    *,
    study: Study,
    kind: str,
    release: Release,
    endpoints: Sequence[ModelEndpoint],
    by: Person,
    variants: Sequence[PlannedVariant] = STANDARD,
    open_judge: ModelEndpoint | None = None,
) -> list[ScoringEstimate]:
    """What `launch.evaluate` of the same would take; starts nothing. Raises NotAllowed, EvaluationRefused."""
    check_lead(by, study)
    check_variants(EvaluationKind(kind), endpoints, variants)
    check_scorable(study, EvaluationKind(kind), release)
    if open_judge is not None:
        check_open_judge(study, EvaluationKind(kind), release, endpoints, open_judge)
    whole = expected_calls(release, kind)
    entries = entries_of([*endpoints, *([open_judge] if open_judge else [])])

    def prices_of(endpoint: ModelEndpoint) -> tuple[float, float] | None:
        return entries[endpoint.pk].prices if endpoint.pk in entries and not endpoint.is_local else None

    @cache
    def assumed(is_blind: bool) -> MeanCall:
        return _assumed(release, kind, is_blind)

    found = []
    for endpoint in endpoints:
        means: dict[bool, MeanCall] = {}
        for variant in variants:
            is_blind = variant.variant == EvaluationVariant.IMAGE_BLIND
            if is_blind not in means:
                means[is_blind] = _mean_call(_replies(release, kind, endpoint, is_blind), assumed(is_blind))
            expected = variant.expected_calls(whole)
            stored = min(expected, _stored(release, kind, endpoint, variant))
            mean, prices = means[is_blind], prices_of(endpoint)
            found.append(_estimate(endpoint, variant, expected - stored, stored, mean, prices))
    if open_judge is not None:
        questions = _open_questions(release)
        stored = _decided(release, endpoints, open_judge)
        calls = max(0, len(questions) * len(endpoints) - stored)
        mean = _mean_call(_decisions(study, open_judge), _assumed_decision(questions))
        prices = prices_of(open_judge)
        found.append(_estimate(open_judge, STANDARD[0], calls, stored, mean, prices, decides=True))
    return found


def _estimate(
    endpoint: ModelEndpoint,
    variant: PlannedVariant,
    calls: int,
    stored: int,
    mean: MeanCall,
    prices: tuple[float, float] | None,
    *,
    decides: bool = False,
) -> ScoringEstimate:
    in_flight = target_of(endpoint).limits(None, asks_sampled=False).in_flight
    asked, written = round(calls * mean.prompt_tokens), round(calls * mean.completion_tokens)
    waits = mean.milliseconds
    return ScoringEstimate(
        endpoint=endpoint,
        variant=variant,
        calls=calls,
        stored=stored,
        prompt_tokens=asked,
        completion_tokens=written,
        counted=mean.counted,
        in_flight=in_flight,
        timed=mean.timed,
        seconds=None if waits is None else calls * waits / 1000 / max(1, min(calls, in_flight)),
        dollars=_dollars(asked, written, prices),
        decides=decides,
    )


def _dollars(asked: int, written: int, prices: tuple[float, float] | None) -> float | None:
    if not asked:
        return 0.0
    return None if prices is None else asked * prices[0] + written * prices[1]


def _stored(release: Release, kind: str, endpoint: ModelEndpoint, variant: PlannedVariant) -> int:
    """Calls of the same requests that were answered before, in whichever evaluation."""
    same = Evaluation.objects.filter(
        release=release,
        kind=kind,
        endpoint=endpoint,
        variant=variant.variant,
        repeat=variant.repeat,
        prompt_sha256=current_method(EvaluationKind(kind), endpoint, release, variant.variant)[0],
        settings__max_tokens=answer_tokens(release.study, kind),
    )
    keys = list(same.values_list("pk", flat=True))
    if kind == EvaluationKind.JUDGE:
        return Verdict.objects.filter(evaluation__in=keys).values("row_id", "order").distinct().count()
    return SolverResult.objects.filter(evaluation__in=keys).values("row_id").distinct().count()


def _replies(release: Release, kind: str, endpoint: ModelEndpoint, is_blind: bool) -> list[Replied]:
    """The newest replies of the model to such questions, to those of this release where there are any."""
    made = Evaluation.objects.filter(study=release.study_id, kind=kind, endpoint=endpoint)
    blind = made.filter(variant=EvaluationVariant.IMAGE_BLIND)
    alike = blind if is_blind else made.exclude(pk__in=blind)
    stored = Verdict if kind == EvaluationKind.JUDGE else SolverResult
    newest = [*alike.filter(release=release).order_by("-pk")[:_EVALUATIONS]]
    newest += alike.exclude(release=release).order_by("-pk")[:_EVALUATIONS]
    for evaluation in newest:
        rows = stored._default_manager.filter(evaluation=evaluation).order_by("-pk")
        columns = ("reply__prompt_tokens", "reply__completion_tokens", "reply__latency_ms")
        if found := list(rows.values_list(*columns)[:_LOOKED_AT]):
            return found
    return []


def _open_questions(release: Release) -> list[tuple[str, str]]:
    """Question and reference of every open question."""
    contents = rows_of(release).values_list("content", flat=True).iterator(_LOOKED_AT)
    return [(row["question"], row["answer"]) for row in contents if answer_kind(row) is AnswerKind.OPEN]


def _decided(release: Release, solvers: Sequence[ModelEndpoint], judge: ModelEndpoint) -> int:
    """Open answers of these solvers that the judge has decided on already, with the prompt of now."""
    same = SolverResult.objects.filter(
        evaluation__release=release,
        evaluation__endpoint__in=solvers,
        evaluation__open_judge=judge,
        evaluation__settings__open_judge__prompt_sha256=open_judge_method()["prompt_sha256"],
        evaluation__settings__max_tokens=answer_tokens(release.study, EvaluationKind.SOLVER),
    )
    return same.exclude(judge_reply=None).values("evaluation__endpoint", "row_id").distinct().count()


def _decisions(study: Study, judge: ModelEndpoint) -> list[Replied]:
    """The newest replies of the model as a judge of open answers."""
    asked = SolverResult.objects.filter(evaluation__study=study, evaluation__open_judge=judge)
    columns = ("prompt_tokens", "completion_tokens", "latency_ms")
    found = asked.exclude(judge_reply=None).order_by("-pk")
    return list(found.values_list(*(f"judge_reply__{name}" for name in columns))[:_LOOKED_AT])


def _assumed_decision(questions: Sequence[tuple[str, str]]) -> MeanCall:
    """From question and reference; the answer is taken to be as long as the reference."""
    texts = (
        reference_verdict.reference_messages(question, reference, reference)[0]["content"]
        for question, reference in questions[:_LOOKED_AT]
    )
    sizes = [sum(len(part["text"]) for part in parts) / CHARACTERS_PER_TOKEN for parts in texts]
    return MeanCall(fmean(sizes) if sizes else 0.0, WRITTEN_TOKENS)


def _mean_call(replies: Sequence[Replied], assumed: MeanCall) -> MeanCall:
    if not replies:
        return assumed
    counted = [one for one in replies if one[0]]  # some servers count no tokens
    return MeanCall(
        prompt_tokens=fmean(one[0] for one in counted) if counted else assumed.prompt_tokens,
        completion_tokens=fmean(one[1] for one in counted) if counted else assumed.completion_tokens,
        milliseconds=fmean(one[2] for one in replies),
        counted=len(counted),
        timed=len(replies),
    )


def _assumed(release: Release, kind: str, is_blind: bool) -> MeanCall:
    """From the texts and images of the first rows."""
    sizes = [
        characters / CHARACTERS_PER_TOKEN + (0 if is_blind else images * IMAGE_TOKENS)
        for characters, images in islice(_sizes(release, kind), _LOOKED_AT)
    ]
    return MeanCall(fmean(sizes) if sizes else 0.0, WRITTEN_TOKENS)


def _sizes(release: Release, kind: str) -> Iterator[tuple[int, int]]:
    """Characters and images of the calls, row by row."""
    for row in rows_of(release).values_list("content", flat=True).iterator(_LOOKED_AT):
        if kind == EvaluationKind.JUDGE:
            yield len(_judge_text(row)), len(row["images"])
        elif answer_kind(row):
            yield len(solver_prompt.build(row["question"], row["options"])), len(row["images"])


def _judge_text(row: Mapping[str, Any]) -> str:
    answers = {"A": row["answer_a"], "B": row["answer_b"]}
    prompt = judge_prompt.build_case(row["question"], row["options"], answers, judge_prompt.ORDERS[0])
    return prompt.text_before_image + prompt.text_after_image
