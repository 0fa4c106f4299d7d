"""What scoring would take: counted where the model answered before, else assumed, and never invented."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmark.estimate import IMAGE_TOKENS, WRITTEN_TOKENS, ScoringEstimate, estimate_scoring
from benchmark.models import Evaluation, EvaluationVariant, Verdict
from benchmark.preconditions import EvaluationRefused
from benchmark.variants import PlannedVariant, plan_variants
from consilium.inference.change_entry import change_entry
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.people.permissions import NotAllowed
from curation.models import Release
from tests.benchmark.test_commands import manage
from tests.factories import benchmark as making
from tests.factories.cast import Cast

REPLIED: dict[str, Any] = {"prompt_tokens": 1500, "completion_tokens": 100, "latency_ms": 4000}
BLIND = PlannedVariant(EvaluationVariant.IMAGE_BLIND)


def estimated(
    cast: Cast, release: Release, *endpoints: ModelEndpoint, **wanted: Any
) -> list[ScoringEstimate]:
    kind = "judge" if release.kind == "preferences" else "solver"
    return estimate_scoring(
        study=cast.study, kind=kind, release=release, endpoints=endpoints, by=cast.lena, **wanted
    )


def test_a_model_that_was_never_asked_is_estimated_from_texts_and_its_time_is_unknown(cast: Cast) -> None:
    release = making.preferences(cast)
    (one, blind) = estimated(cast, release, making.endpoint("new"), variants=plan_variants(image_blind=True))
    assert (one.calls, one.stored, one.counted, one.seconds, one.dollars) == (8, 0, 0, None, None)
    assert one.completion_tokens == 8 * WRITTEN_TOKENS
    assert 8 * 200 < blind.prompt_tokens < 8 * 600  # about 1,400 characters
    assert one.prompt_tokens == blind.prompt_tokens + 8 * IMAGE_TOKENS
    assert not Job.objects.filter(kind="benchmark.judge").exists()


def test_stored_replies_tell_tokens_and_time_and_are_not_asked_again(cast: Cast) -> None:
    release = making.preferences(cast)
    change_entry(key="gpt-4o", facts={"prompt_price": "2", "completion_price": "10"}, by=None)
    judge = making.endpoint("asked", entry_key="gpt-4o")
    making.judged(cast, release, judge, [("A", "B")] * 3, **REPLIED)
    planned = plan_variants(repeats=1, repeat_cases=3)
    whole, again = estimated(cast, release, judge, variants=planned)
    assert (whole.calls, whole.stored, whole.counted, whole.timed) == (2, 6, 6, 6)
    assert (whole.prompt_tokens, whole.completion_tokens) == (3000, 200)
    assert whole.seconds == 4.0  # both at once
    assert whole.dollars == pytest.approx(3000 * 2e-6 + 200 * 10e-6)
    assert (again.calls, again.stored, again.prompt_tokens) == (6, 0, 9000)
    # A server that counts no tokens: they are assumed, the time is still known.
    making.judged(cast, release, judge, [("A", "B")] * 3, latency_ms=4000)
    (told,) = estimated(cast, release, judge)
    assert (told.counted, told.timed, told.seconds) == (0, 6, 4.0)
    # With another length limit nothing was asked yet; what a served model costs nobody says.
    Evaluation.objects.update(settings={"max_tokens": 7})
    assert estimated(cast, release, judge)[0].stored == 0
    ModelEndpoint.objects.filter(pk=judge.pk).update(path="x", base_url="")
    judge.refresh_from_db()
    (local,) = estimated(cast, release, judge)
    assert (local.dollars, local.in_flight, local.seconds) == (None, 4, 8 * 4.0 / 4)


def test_solvers_are_estimated_and_what_cannot_be_scored_is_refused(cast: Cast) -> None:
    release, solver = making.questions(cast, 3), making.endpoint("solver")
    assert estimated(cast, release, solver)[0].calls == 3
    making.solved(cast, release, solver, {0: True})
    assert estimated(cast, release, solver)[0].calls == 2
    with pytest.raises(EvaluationRefused, match="Only judges"):
        estimated(cast, release, solver, variants=[BLIND])
    with pytest.raises(NotAllowed):
        estimate_scoring(study=cast.study, kind="solver", release=release, endpoints=[solver], by=cast.anna)


def test_the_command_estimates_and_starts_nothing(cast: Cast) -> None:
    release = making.preferences(cast)
    making.endpoint("judge")
    told = manage("judge", "--release", release.digest, "--endpoint", "judge", "--image-blind", "--estimate")
    assert [(one["variant"], one["calls"], one["dollars"]) for one in told["estimates"]] == [
        ("standard", 8, None), ("image_blind", 8, None),
    ]  # fmt: skip
    json.dumps(told)
    assert not Evaluation.objects.exists()


def test_the_launch_page_tells_it_with_and_without_scripts(cast: Cast) -> None:
    release, judge = making.preferences(cast), making.endpoint("judge")
    making.judged(cast, release, judge, [("A", "B")], **REPLIED)
    client = Client()
    client.force_login(cast.lena)
    choices: dict[str, Any] = {
        "release": release.pk, "endpoints": [judge.pk, making.endpoint("new").pk], "standard": "on",
    }  # fmt: skip
    address = reverse("benchmark:estimate", args=[cast.study.slug, "judge"])
    text = client.get(address, choices).content.decode()
    assert "2 stored already" in text
    assert "from 2 replies" in text
    assert "a few seconds" in text
    assert text.count(">unknown<") == 4  # the cost of both and together, and the time of the new one
    assert "Choose a release and at least one model" in client.get(address).content.decode()
    assert "Choose what is asked" in client.get(address, choices | {"standard": ""}).content.decode()
    before = Verdict.objects.count(), Evaluation.objects.count()
    launch = reverse("benchmark:launch", args=[cast.study.slug, "judge"])
    shown = client.post(launch, choices | {"estimate": "1"})
    assert "2 stored already" in shown.content.decode()
    assert "checked" in shown.content.decode()
    assert (Verdict.objects.count(), Evaluation.objects.count()) == before
