"""A leaderboard to measure: a frozen preference release and judges whose verdicts are all in."""

import json
import random
from functools import cache
from typing import Any

COUNTS = ("prompt_tokens", "completion_tokens", "latency_ms")


def made(study: Any, lead: Any, judges: int) -> Any:
    """Freeze the study's settled cases and let `judges` judge them in both orders; the release."""
    from django.db import transaction

    from annotation.release import freeze_preferences
    from curation.releases.freeze import rows_of

    release = freeze_preferences(study=study, name="Preferences 1", by=lead)
    labels = {row.row_id: row.content["label"] for row in rows_of(release)}
    for number in range(judges):
        with transaction.atomic():
            judge(release, lead, labels, number, 0.5 + 0.4 * number / judges)
    return release


def judge(release: Any, lead: Any, labels: dict[str, dict[str, str]], number: int, skill: float) -> None:
    """One judge that is right with the probability `skill`, as its job would have left it."""
    from django.utils import timezone

    from benchmark.models import Evaluation, Verdict
    from consilium.answers import judge_prompt
    from consilium.answers.verdicts import PARSER_VERSION
    from consilium.bulk import insert_rows
    from consilium.inference.models import ModelEndpoint, Reply
    from consilium.jobs.models import Job

    name, now = f"judge-{number}", timezone.now()
    endpoint = ModelEndpoint.objects.create(
        name=name, base_url="http://127.0.0.1:9/v1", model_id=name, family=f"family-{number % 7}"
    )
    over = {"state": "succeeded", "started_at": now, "finished_at": now}
    evaluation = Evaluation.objects.create(
        study=release.study,
        kind="judge",
        release=release,
        release_digest=release.digest,
        endpoint=endpoint,
        job=Job.objects.create(
            kind="benchmark.judge", queue="gpu", study=release.study, created_by=lead, **over
        ),
        prompt_sha256=judge_prompt.PROMPT_HASH,
        parser_version=PARSER_VERSION,
        expected_calls=2 * len(labels),
        created_by=lead,
    )
    # Rising, so that the database's index of them grows at its end: there are millions.
    asked = ((row, order) for row in labels for order in ("ab", "ba"))
    digests = {f"{number:08x}{place:056x}": one for place, one in enumerate(asked)}
    when, draw = str(now), random.Random(number)
    insert_rows(
        Reply,
        ("endpoint", "request_sha256", "text", "reasoning", "finish_reason", *COUNTS, "created_at"),
        [
            (endpoint.pk, digest, "{}", "", "stop", 2000, 90, draw.randrange(300, 9000), when)
            for digest in digests
        ],
    )
    replies = dict(Reply.objects.filter(endpoint=endpoint).values_list("request_sha256", "pk"))
    insert_rows(
        Verdict,
        ("evaluation", "row_id", "order", "reply", "parsed", "reason"),
        [
            (evaluation.pk, row, order, replies[digest], stated(labels[row], order, skill, draw), "JSON")
            for digest, (row, order) in digests.items()
        ],
    )


def stated(label: dict[str, str], order: str, skill: float, draw: random.Random) -> str:
    """`printed`, as the database holds it."""
    return _text(tuple(printed(label, order, skill, draw).items()))


@cache  # a few thousand are possible
def _text(said: tuple[tuple[str, str | None], ...]) -> str:
    return json.dumps(dict(said))


def printed(label: dict[str, str], order: str, skill: float, draw: random.Random) -> dict[str, str | None]:
    """What the judge prints for one case; one answer in fifty says nothing."""
    other = {"A": "B", "B": "A"}
    said: dict[str, str | None] = {}
    for dimension, right in label.items():
        letter = right if draw.random() < skill else other[right]
        said[dimension] = None if draw.random() < 0.02 else letter if order == "ab" else other[letter]
    return said
