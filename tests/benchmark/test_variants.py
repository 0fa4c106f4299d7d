"""Controls without images and repeats: what is asked, what is kept apart, and where they count."""

from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse

from benchmark import leaderboard
from benchmark.kept_leaderboard import answers_so_far
from benchmark.models import Evaluation, EvaluationVariant, Verdict
from benchmark.preconditions import EvaluationRefused
from benchmark.report.figures import JudgeReport, judge_report
from benchmark.variants import PlannedVariant, plan_variants, sampled_cases
from consilium.audit.models import AuditEvent
from consilium.inference.models import Reply
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.statistics.json_form import as_json, from_json
from tests.benchmark.test_commands import manage
from tests.benchmark.test_evaluations import Judge, requeue
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub

LABELS = "AABBABAB"
RIGHT = [(letter, "B" if letter == "A" else "A") for letter in LABELS]
BLIND = PlannedVariant(EvaluationVariant.IMAGE_BLIND)
EVERYTHING = plan_variants(image_blind=True, repeats=2, repeat_cases=3)


def again(number: int, cases: int = 3) -> PlannedVariant:
    return PlannedVariant(EvaluationVariant.REPEAT, number, cases)


def images_in(body: dict[str, object]) -> int:
    return str(body).count("data:image/png;base64,")


def test_a_launch_asks_with_and_without_images_and_again(cast: Cast) -> None:
    release = making.preferences(cast)
    with Stub(Judge()) as stub:
        made = making.launched(
            cast, release, making.endpoint("judge", base_url=stub.url), variants=EVERYTHING
        )
        assert [(one.variant, one.repeat, one.expected_calls) for one in made] == [
            ("standard", 0, 8), ("image_blind", 0, 8), ("repeat", 1, 6), ("repeat", 2, 6),
        ]  # fmt: skip
        assert {run_now(one.job).state for one in made} == {JobState.SUCCEEDED}
        # The repeats are sent although the very same was answered; with the images, and nothing else.
        assert len(stub.bodies) == 8 + 8 + 6 + 6
        assert Counter(map(images_in, stub.bodies)) == {1: 20, 0: 8}
        sent = Counter(str(body) for body in stub.bodies)
        assert Counter(sent.values()) == {3: 6, 1: 2 + 8}
        # After a kill a repeat finds its own replies stored.
        Verdict.objects.filter(evaluation=made[2], order="ba").delete()
        assert run_now(requeue(made[2])).state == JobState.SUCCEEDED
        assert len(stub.bodies) == 28
    counts = Counter(Verdict.objects.values_list("evaluation", flat=True))
    assert counts == {one.pk: one.expected_calls for one in made}
    repeated = [set(one.verdicts.values_list("row_id", flat=True)) for one in made[2:]]
    ids = [f"case-{number}" for number in range(4)]
    assert repeated == [sampled_cases(release.digest, ids, 3)] * 2
    assert Reply.objects.count() == 28
    standard, blind, first, second = (Evaluation.objects.get(pk=one.pk) for one in made)
    assert "variant" not in standard.run_card
    assert blind.run_card["variant"] == "without images: the same texts, and no image is sent"
    assert first.run_card["sample"].startswith("3 cases, those with the smallest SHA-256")
    assert first.prompt_sha256 == second.prompt_sha256 == standard.prompt_sha256 != blind.prompt_sha256
    assert str(second) == "Judge judge on Preferences 1, repeat 2"
    event = AuditEvent.objects.filter(action="evaluation.launched").order_by("-pk")[0]
    assert (event.data["variant"], event.data["repeat"]) == ("repeat", 2)


def test_a_sample_is_the_same_for_everybody_and_part_of_a_larger_one() -> None:
    ids = [f"case-{number}" for number in range(40)]
    assert sampled_cases("d", ids, 5) == sampled_cases("d", ids[::-1], 5)
    assert sampled_cases("d", ids, 5) < sampled_cases("d", ids, 6)
    assert sampled_cases("d", ids, 5) != sampled_cases("e", ids, 5)
    assert sampled_cases("d", ids, 50) == set(ids)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"standard": False}, "Choose what is asked"),
        ({"repeats": 11}, "up to 10 times, not 11"),
        ({"repeats": -1}, "up to 10 times"),
        ({"repeats": 1, "repeat_cases": 0}, "at least one case"),
    ],
)
def test_what_cannot_be_asked_is_refused(wanted: dict[str, int], said: str) -> None:
    with pytest.raises(EvaluationRefused, match=said):
        plan_variants(**wanted)  # type: ignore[arg-type]


def test_only_judges_are_asked_otherwise_and_nothing_twice_at_once(cast: Cast) -> None:
    solver = making.endpoint("model")
    with pytest.raises(EvaluationRefused, match="Only judges"):
        making.launched(cast, making.questions(cast, 2), solver, variants=[BLIND])
    votes = making.preferences(cast)
    making.launched(cast, votes, solver, variants=[again(1)])
    making.launched(cast, votes, solver, variants=[again(2), BLIND])
    with pytest.raises(EvaluationRefused, match="is being scored on Preferences 1 already"):
        making.launched(cast, votes, solver, variants=[again(3), again(1)])
    assert Evaluation.objects.count() == 3


def controlled(cast: Cast) -> tuple[Evaluation, JudgeReport]:
    """A judge that is right with images and takes the first answer without; asked again, it differs once."""
    votes = making.preferences(cast, LABELS)
    judge = making.endpoint("looks")
    made = making.judged(cast, votes, judge, RIGHT)
    making.judged(cast, votes, judge, [("A", "A")] * 7, BLIND)
    making.judged(cast, votes, judge, RIGHT[:3], again(1))
    making.judged(cast, votes, judge, [("tie", RIGHT[0][1]), *RIGHT[1:3]], again(2))
    making.judged(cast, votes, making.endpoint("alone"), [("A", "A")] * 8)
    return made, judge_report(votes, replicates=200)


def test_the_report_shows_what_images_and_repeats_tell(cast: Cast) -> None:
    made, report = controlled(cast)
    (key,) = report.blinded
    assert key == str(made.pk)
    found = report.blinded[key]
    # Seven cases have all four replies: always right with images, half right without.
    assert (found.with_images[-1].value, found.without_images[-1].value) == (1.0, 0.5)
    assert (found.gain[-1].cases, found.gain[-1].difference) == (7, 0.5)
    assert as_json(found.gain[-1].interval) == [0.5, 0.5]
    # Six calls of three askings; in one of them two of its three pairs differ.
    told = report.repeated[key]
    assert (told.askings, told.calls) == (3, 6)
    assert told.stability[-1] == pytest.approx((5 * 3 + 1) / 18)
    assert set(report.repeated) == {key}
    assert from_json(JudgeReport, as_json(report)) == report


def test_boards_are_made_of_standard_evaluations_alone(cast: Cast) -> None:
    made, report = controlled(cast)
    key = {"release_id": made.release_id}
    before = answers_so_far(key)
    lines = leaderboard.judge_lines(made.release)
    assert [(line.evaluation.endpoint.name, line.overall.accuracy.value) for line in lines] == [
        ("looks", 1.0), ("alone", 0.5),
    ]  # fmt: skip
    assert {one.name for one in report.judges} == {"looks", "alone"}
    making.judged(cast, made.release, made.endpoint, RIGHT, again(3))
    assert answers_so_far(key) == before
    assert leaderboard.judge_lines(made.release) == lines


def test_a_lead_chooses_them_on_the_page_and_by_command(cast: Cast) -> None:
    votes, judge = making.preferences(cast), making.endpoint("judge")
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:launch", args=[cast.study.slug, "judge"])
    choices = {"release": votes.pk, "endpoints": [judge.pk], "repeats": 1, "repeat_cases": 2}
    nothing = client.post(address, choices | {"repeats": 0})
    assert "Choose what is asked" in nothing.content.decode()
    launched = client.post(address, choices | {"image_blind": "on"}, follow=True).content.decode()
    assert list(Evaluation.objects.order_by("pk").values_list("variant", "settings__cases")) == [
        ("image_blind", None), ("repeat", 2),
    ]  # fmt: skip
    assert '<span class="pill">Without images</span>' in launched
    assert '<span class="pill">Repeat 1</span>' in launched
    one = client.get(
        reverse("benchmark:evaluation", args=[cast.study.slug, Evaluation.objects.latest("pk").pk])
    )
    assert "It counts in no leaderboard" in one.content.decode()
    asked = ["--release", votes.digest, "--endpoint", "judge", "--repeats", "2", "--repeat-cases", "1"]
    making.over(Evaluation.objects.latest("pk"))
    said = manage("judge", *asked)["evaluations"]
    assert said == dict.fromkeys(["judge", "judge (repeat 1)", "judge (repeat 2)"], "queued")
    solve = client.get(reverse("benchmark:launch", args=[cast.study.slug, "solver"])).content.decode()
    assert "Control without images" not in solve
