"""The exact re-run check: whether an evaluation could be made again just so. No model is asked.

Every request is built anew and hashed, every stored reply read anew, the figures computed anew, and all of
it compared with the run card.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from benchmark.judge_job import asked_images, judge_request, read_verdict
from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from benchmark.open_judge import open_judge_method, read_decision, reference_request
from benchmark.preconditions import EvaluationRefused
from benchmark.release_rows import ReleasedImages
from benchmark.reparse import method_now
from benchmark.run_card import results_of_evaluation
from benchmark.score_verdicts import read_scores, score_request, stored_scores
from benchmark.solve_job import READ, read_result, solver_request
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import is_asked_as
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.statistics.json_form import as_json
from consilium.version import code_commit
from curation.releases.freeze import rows_of
from curation.releases.verify import verify
from curation.states import ReleaseState

KIND: Final = "benchmark.recheck"
_DIGEST: Final = re.compile(r"[0-9a-f]{40,64}")
_PART: Final = 200
_EVERY: Final = 100
Outcome = Literal["same", "differs", "unknown"]


@dataclass(frozen=True)
class CheckedPart:
    """One thing that was compared; unknown where the card does not say what it was."""

    name: str
    outcome: Outcome
    said: str


@dataclass(frozen=True)
class _Asked:
    """One stored answer: who gave it, the request that would be sent now, and whether it still reads so."""

    place: str
    endpoint: ModelEndpoint
    reply: Reply
    request: ChatRequest
    reads_the_same: bool


def check_rerun(evaluation: Evaluation, tell: Callable[[int], None] = lambda _: None) -> list[CheckedPart]:
    """Compare everything; `tell` hears how many answers were looked at, and may raise to stop.

    Raises EvaluationRefused while answers may still come.
    """
    if not evaluation.job.is_over:
        raise EvaluationRefused(f"{evaluation} is still being asked; wait until it is over, or stop it.")
    release = _release(evaluation)
    prompt, parser = method_now(evaluation)
    requests, replies = _answers(evaluation, tell) if release.outcome == "same" else (_NO_IMAGES, _NO_ROWS)
    return [
        release,
        _told("prompt", evaluation.prompt_sha256, prompt),
        _told("parser", evaluation.parser_version, parser),
        _told("model", evaluation.run_card.get("revision"), evaluation.endpoint.revision),
        *_open_judge(evaluation),
        requests,
        replies,
        _figures(evaluation),
        _told("code", evaluation.run_card.get("code_commit"), code_commit()),
    ]


def start_rerun_check(*, evaluation: Evaluation, by: Person) -> Job:
    """Queue the check, or give the one that is on its way. Raises NotAllowed, EvaluationRefused."""
    check_lead(by, evaluation.study)
    if not evaluation.job.is_over:
        raise EvaluationRefused(f"{evaluation} is still being asked; wait until it is over, or stop it.")
    newest = newest_rerun_check(evaluation)
    if newest is not None and not newest.is_over:
        return newest
    return enqueue(kind=KIND, by=by, study=evaluation.study, params={"evaluation": evaluation.pk})


def run_rerun_check(handle: JobHandle) -> dict[str, Any]:
    """The job."""
    related = Evaluation.objects.select_related("job", "endpoint", "open_judge", "release", "study")
    one = related.get(pk=handle.params["evaluation"])

    def tell(done: int) -> None:
        handle.progress(min(done, one.expected_calls), one.expected_calls, "Requests are being built anew")

    parts = check_rerun(one, tell)
    return {"parts": as_json(parts), "differing": differing(parts)}


def differing(parts: list[CheckedPart]) -> list[str]:
    """What differs. Other code alone is no difference: it is what the other parts are the test of."""
    return [part.name for part in parts if part.outcome == "differs" and part.name != "code"]


def newest_rerun_check(evaluation: Evaluation) -> Job | None:
    """The last check of the evaluation that a page asked for."""
    asked = Job.objects.filter(study=evaluation.study_id, kind=KIND, params={"evaluation": evaluation.pk})
    return asked.order_by("-created_at").first()


_NO_IMAGES: Final = CheckedPart("requests", "unknown", "Not built: the release is not what it was.")
_NO_ROWS: Final = CheckedPart("replies", "unknown", "Not read: the release is not what it was.")


def _release(evaluation: Evaluation) -> CheckedPart:
    release = evaluation.release
    problems = verify(release)
    if release.digest != evaluation.release_digest:
        problems = ["It has another digest.", *problems]
    if problems:
        return CheckedPart("release", "differs", problems[0])
    stands = (
        "" if release.state == ReleaseState.FROZEN else f" It is {release.state}: it may not be used anew."
    )
    return CheckedPart("release", "same", f"Every hash agrees with {release.digest[:12]}.{stands}")


def _told(name: str, then: str | None, now: str) -> CheckedPart:
    if then is None:
        return CheckedPart(
            name, "unknown", "The run card does not say; it was written by an earlier version."
        )
    if then == now:
        return CheckedPart(name, "same", _short(then))
    return CheckedPart(name, "differs", f"It was {_short(then)}, and is {_short(now)} now.")


def _open_judge(evaluation: Evaluation) -> list[CheckedPart]:
    """How open answers were decided, where a judge was asked."""
    judge, then = evaluation.open_judge, evaluation.run_card.get("open_answers_judged", {})
    if judge is None:
        return []
    now = {"revision": judge.revision, **open_judge_method()}
    names = {"revision": "model", "prompt_sha256": "prompt", "parser_version": "parser"}
    kept = {"revision": then.get("revision"), **evaluation.settings["open_judge"]}
    return [_told(f"{word} of open answers", kept.get(name), now[name]) for name, word in names.items()]


def _short(name: str) -> str:
    """A digest by its first digits, and what stands behind it; any other name whole."""
    return _DIGEST.sub(lambda found: found[0][:12], name) or "unnamed"


def _answers(evaluation: Evaluation, tell: Callable[[int], None]) -> tuple[CheckedPart, CheckedPart]:
    """Requests and replies, in one pass over the stored answers."""
    count, other_requests, other_readings = 0, [], []
    for one in _asked(evaluation):
        if count % _EVERY == 0:
            tell(count)
        count += 1
        if not is_asked_as(one.endpoint, one.request, one.reply.request_sha256):
            other_requests.append(one.place)
        if not one.reads_the_same:
            other_readings.append(one.place)
    return (
        _listed("requests", count, other_requests, "would be asked otherwise"),
        _listed("replies", count, other_readings, "would be read otherwise"),
    )


def _listed(name: str, count: int, differ: list[str], how: str) -> CheckedPart:
    if differ:
        return CheckedPart(name, "differs", f"{len(differ):,} of {count:,} {how}, the first: {differ[0]}.")
    return CheckedPart(name, "same", f"All {count:,}.")


def _asked(evaluation: Evaluation) -> Iterator[_Asked]:
    """Every stored answer in the release's order, a part of the rows at a time."""
    images = asked_images(evaluation)
    found = _judge_asked if evaluation.kind == EvaluationKind.JUDGE else _solver_asked
    rows = list(rows_of(evaluation.release).values_list("row_id", flat=True))
    for start in range(0, len(rows), _PART):
        part = rows_of(evaluation.release).filter(row_id__in=rows[start : start + _PART])
        contents = {row["id"]: row for row in part.values_list("content", flat=True)}
        yield from found(evaluation, contents, images)


def _judge_asked(
    evaluation: Evaluation, rows: dict[str, dict[str, Any]], images: ReleasedImages
) -> Iterator[_Asked]:
    stored = Verdict.objects.filter(evaluation=evaluation, row_id__in=list(rows)).select_related("reply")
    scores = stored_scores(evaluation, list(rows)) if evaluation.endpoint.gives_scores else None
    for one in stored.order_by("row_id", "order"):
        row = rows[one.row_id]
        if scores is None:
            request, read = (
                judge_request(evaluation, row, one.order, images),
                read_verdict(one.reply),
            )
        else:
            request = score_request(row, one.order, images)
            read = read_scores(evaluation, scores[one.row_id], one.order)
        same = read["parsed"] == one.parsed
        place = f"{one.row_id} {one.get_order_display()}"
        yield _Asked(place, evaluation.endpoint, one.reply, request, same)


def _solver_asked(
    evaluation: Evaluation, rows: dict[str, dict[str, Any]], images: ReleasedImages
) -> Iterator[_Asked]:
    stored = SolverResult.objects.filter(evaluation=evaluation, row_id__in=list(rows))
    for one in stored.select_related("reply", "judge_reply").order_by("row_id"):
        row, judge = rows[one.row_id], evaluation.open_judge
        request = solver_request(row, images, int(evaluation.settings["max_tokens"]))
        same = read_result(one.reply, row) == {name: getattr(one, name) for name in READ}
        yield _Asked(one.row_id, evaluation.endpoint, one.reply, request, same)
        if judge is not None and one.judge_reply is not None:
            request = reference_request(evaluation, row, one.answer)
            same = read_decision(one.judge_reply) == one.judged
            yield _Asked(f"the decision on {one.row_id}", judge, one.judge_reply, request, same)


def _figures(evaluation: Evaluation) -> CheckedPart:
    card = evaluation.run_card
    if "figures" not in card:
        return CheckedPart("figures", "unknown", "The run card has none: an earlier version wrote it.")
    now = results_of_evaluation(evaluation)
    form = now.pop("format")
    is_older = card.get("format") != form
    if is_older:
        del now["figures"]
    if changed := sorted(name for name, value in now.items() if card.get(name) != value):
        told = ", ".join(name.replace("_", " ") for name in changed)
        return CheckedPart("figures", "differs", f"Not as on the run card: {told}.")
    if is_older:
        said = "An earlier version wrote those of the run card, in another form; the answers are the same."
        return CheckedPart("figures", "unknown", said)
    return CheckedPart("figures", "same", f"Of {now['answers']:,} answers, digit for digit.")
