"""Every page of scoring with two models and with thirty-two: it fits, and its tables stay on it."""

import random
from typing import Any

import pytest
from django.urls import reverse

from benchmark.models import Evaluation
from benchmark.run_card import end_evaluation
from benchmark.variants import plan_variants
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.complete import CompletionTally
from consilium.inference.models import ModelEndpoint
from curation.models import Release
from curation.releases.contents import NewRow
from tests.annotation.conftest import log_in
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.pictures import shoot
from tests.harness.playwright_api import Page

LABELS = "ABABABABABAB"
TURNED = {"A": "B", "B": "A"}
WRITERS = ("writer/one-8B", "writer/two-32B", "writer/three", "writer/four")
CONTROLS = plan_variants(image_blind=True, repeats=2)[1:]
LONG = "an organisation/with-a-model-whose-name-has-sixty-characters"
PARTS = ("slices", "pairs", "readers", "answers", "calibration", "controls", "costs", "published")
# A square of thirty-two judges is wider than a screen; its names stay in sight.
SCROLLS = {"All pairs"}


def voted(draw: random.Random) -> tuple[list[dict[str, Any]], list[NewRow]]:
    """Of each case organ, modality, models and counts of votes, and the single votes of four readers."""
    changes, votes = [], []
    for case, label in enumerate(LABELS):
        letters = [draw.choice((label, label, label, TURNED[label])) for _ in range(4)]
        counts = {letter: letters.count(letter) for letter in "AB"} | {"cannot_judge": 0}
        first, second = draw.sample(WRITERS, 2)
        changes.append(
            {
                "organ_system": draw.choice(("chest", "abdomen")),
                "modality": "CT",
                "votes": dict.fromkeys(DIMENSIONS, counts),
                "adjudicated": dict.fromkeys(DIMENSIONS, False),
                "model_a": first,
                "model_b": second,
                "family_a": "own",
                "family_b": "own",
            }
        )
        votes += [
            making.vote(case, f"reader-{number}", letter, draw.choice("AB"))
            for number, letter in enumerate(letters)
        ]
    return changes, votes


def judged(cast: Cast, count: int) -> tuple[Release, list[Evaluation]]:
    """So many judges, right in two thirds of the cases; of many, the second is unfinished.

    The first half states how sure it is; the first two were asked again, and without images.
    """
    draw = random.Random(3)
    changes, single = voted(draw)
    votes = making.preferences(cast, LABELS, changes=changes, votes=single)
    made = []

    def replies() -> list[tuple[str | None, str | None]]:
        return [(label, draw.choice((TURNED[label], TURNED[label], label, None))) for label in LABELS]

    for number in range(count):
        pairs = replies()
        told = pairs[:5] if count > 2 and number == 1 else pairs
        judge = making.endpoint(LONG if number == 2 else f"teaching/judge {number} 72B Instruct")
        made.append(making.judged(cast, votes, judge, told, latency_ms=900, prompt_tokens=12_000))
        if number < 2:
            for variant in CONTROLS:
                making.judged(cast, votes, judge, replies(), variant)
        if number < count / 2:
            making.state_probabilities(made[-1], [draw.uniform(0.5, 1.0) for _ in LABELS])
    end_evaluation(made[0], CompletionTally())
    return votes, made


def solved(cast: Cast, count: int) -> Release:
    """A base model and what was trained from it; of many, one on the very questions."""
    held_out = making.questions(cast, 12, facets={"medical_task": "Diagnosis", "set": "MedXpertQA"})
    base = making.endpoint("base", path="base", base_url="")
    for number in range(count):
        name = f"chest/run-{number} merge of four experts"
        solver = making.trained(name, base) if number else base
        making.solved(cast, held_out, solver, {place: place <= number for place in range(12)})
    for known in ModelEndpoint.objects.filter(name__startswith="chest/run-3 "):
        known.provenance["releases"] = [held_out.digest]
        known.save()
    return held_out


@pytest.mark.soak
@pytest.mark.parametrize("count", [2, 32])
def test_every_page_fits(window: Page, live_server: Any, cast: Cast, count: int) -> None:
    votes, made = judged(cast, count)
    held_out = solved(cast, min(count, 12))
    log_in(window, live_server.url, cast.lena)
    study = cast.study.slug
    places = {
        "leaderboard": reverse("benchmark:leaderboard", args=[study]),
        "solver-slices": reverse("benchmark:solver-slices", args=[study, held_out.pk]) + "?by=task",
        "evaluation": reverse("benchmark:evaluation", args=[study, made[0].pk]),
        "launch": reverse("benchmark:launch", args=[study, "judge"]),
        "report": reverse("benchmark:report", args=[study, votes.pk]),
        "cases": reverse("benchmark:report-cases", args=[study, votes.pk])
        + f"?judge={made[0].pk}&other={made[-1].pk}",
        "case": reverse("benchmark:report-case", args=[study, votes.pk, "case-0"]),
    } | {f"report-{part}": reverse("benchmark:report-part", args=[study, votes.pk, part]) for part in PARTS}
    for name, place in places.items():
        # As high as the page: what a bar at the window's end lies over for now is no fault.
        window.set_viewport_size({"width": 1280, "height": 2000})
        window.goto(live_server.url + place)
        assert violations(window) == [], name
        for table in window.locator(".table-wrap:visible").all():
            room = table.evaluate("(box) => box.scrollWidth - box.clientWidth")
            assert room <= 0 or table.get_attribute("aria-label") in SCROLLS, name
        shoot(window, f"{name}-{count}")


def test_all_models_are_chosen_with_one_button(window: Page, live_server: Any, cast: Cast) -> None:
    making.preferences(cast)
    for number in range(9):
        making.endpoint(f"judge {number}")
    log_in(window, live_server.url, cast.lena)
    window.goto(live_server.url + reverse("benchmark:launch", args=[cast.study.slug, "judge"]))
    button = window.get_by_role("button", name="Choose all or none")
    for ticked in (9, 0, 9):
        button.press("Enter")
        assert window.locator("[name=endpoints]:checked").count() == ticked
    window.get_by_label("judge 3", exact=True).click()
    button.click()
    assert window.locator("[name=endpoints]:checked").count() == 9
