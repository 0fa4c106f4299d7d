"""The pages of scoring: who sees them, what they say, and how many queries they need."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark import judge_job
from benchmark.models import Evaluation
from benchmark.rerun_check import start_rerun_check
from benchmark.run_card import end_evaluation
from benchmark.variants import plan_variants
from consilium.inference.complete import CompletionTally
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.models import Person, Study
from curation.models import Release
from curation.releases.freeze import withdraw_release
from tests.annotation.conftest import log_in
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.pictures import shoot
from tests.harness.playwright_api import Page, expect

RIGHT = {"base": 3, "run-1 dsa pediatrics": 6, "run-2 merge": 7}


def page_of(person: Person, name: str, *arguments: Any, **query: Any) -> Any:
    client = Client()
    client.force_login(person)
    return client.get(reverse(name, args=arguments), query)


def filled(cast: Cast) -> tuple[Release, Release]:
    """A leaderboard with judges and solvers, one of each unfinished."""
    votes = making.preferences(cast, "ABABABABAB")
    right = [(letter, "B" if letter == "A" else "A") for letter in "ABABABABAB"]
    making.judged(cast, votes, making.endpoint("teaching/careful judge"), [*right[:9], ("B", "A")])
    making.judged(cast, votes, making.endpoint("teaching/hasty judge"), [("A", "A")] * 9 + [("tie", None)])
    making.judged(cast, votes, making.endpoint("teaching/judge with a long name 7B"), right[:3])
    held_out = making.questions(cast, 8)
    base = making.endpoint("base", path="base", base_url="")
    for name, share in RIGHT.items():
        solver = base if name == "base" else making.trained(f"chest/{name}", base)
        making.solved(cast, held_out, solver, {n: n < share or None for n in range(8)})
    return votes, held_out


ROLES = {"anna": 403, "rosa": 403, "lena": 200, "otto": 404, "nora": 404}


@pytest.mark.parametrize(("who", "status"), ROLES.items())
def test_only_leads_of_the_study_see_scores(cast: Cast, who: str, status: int) -> None:
    person = getattr(cast, who)
    made = making.judged(cast, making.preferences(cast), making.endpoint("judge"), [("A", "B")])
    places: dict[str, list[int | str]] = {
        "benchmark:leaderboard": [],
        "benchmark:launch": ["judge"],
        "benchmark:evaluation": [made.pk],
        "benchmark:shared-data": [made.release_id, made.endpoint_id],
        "benchmark:solver-slices": [making.questions(cast).pk],
    }
    for name, arguments in places.items():
        assert page_of(person, name, cast.study.slug, *arguments).status_code == status, name


def test_a_visitor_is_asked_to_log_in(cast: Cast) -> None:
    answer = Client().get(reverse("benchmark:leaderboard", args=[cast.study.slug]))
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]


def test_another_studys_evaluation_does_not_exist_here(cast: Cast) -> None:
    made = making.judged(cast, making.preferences(cast), making.endpoint("judge"), [])
    assert page_of(cast.nora, "benchmark:evaluation", cast.other_study.slug, made.pk).status_code == 404
    assert page_of(cast.lena, "benchmark:launch", cast.study.slug, "jury").status_code == 404


def test_empty_boards_say_what_to_do_next(cast: Cast) -> None:
    text = page_of(cast.lena, "benchmark:leaderboard", cast.study.slug).content.decode()
    assert "No judge has been scored" in text
    assert "No solver has been scored" in text
    text = page_of(cast.lena, "benchmark:launch", cast.study.slug, "judge").content.decode()
    assert "No preference release yet" in text
    making.preferences(cast)
    text = page_of(cast.lena, "benchmark:launch", cast.study.slug, "judge").content.decode()
    assert "No model yet" in text


def test_the_boards_show_the_figures_and_human_names(cast: Cast) -> None:
    filled(cast)
    text = page_of(cast.lena, "benchmark:leaderboard", cast.study.slug).content.decode()
    assert "Incomplete, 30.0 % answered" in text
    assert "Brain and senses" in text
    assert "brain_senses" not in text
    assert "+50.0" in text  # the merge: seven right of eight after three
    assert '<span class="muted small">n 8</span>' in text
    assert text.count("<br>n 10</span>") == 2
    assert text.count("<br>n 3</span>") == 1  # the judge that is not through
    assert text.count('<span class="muted small">n 2</span>') == 3 * 4  # three solvers, four specialties
    assert "trained from base" in text


def test_a_board_can_show_an_older_release(cast: Cast) -> None:
    older, _ = filled(cast)
    making.preferences(cast, "AB", name="Preferences 2", seed=13)
    text = page_of(cast.lena, "benchmark:leaderboard", cast.study.slug).content.decode()
    assert "No judge has been scored" in text
    chosen = page_of(cast.lena, "benchmark:leaderboard", cast.study.slug, judges=older.pk).content.decode()
    assert "careful judge" in chosen


def test_a_withdrawn_release_is_shown_only_when_nothing_else_stands(cast: Cast) -> None:
    making.preferences(cast)
    newer = making.preferences(cast, "AB", name="Preferences 2", seed=13)
    withdraw_release(release=newer, reason="A patient objected.", by=cast.lena)
    text = page_of(cast.lena, "benchmark:leaderboard", cast.study.slug).content.decode()
    assert "Judges on Preferences 1" in text


def test_more_cases_and_models_cost_no_more_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    filled(cast)
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:leaderboard", args=[cast.study.slug])
    with django_assert_max_num_queries(52) as before:  # computes the figures and keeps them
        client.get(address)
    with django_assert_max_num_queries(24):
        client.get(address)
    more = making.preferences(cast, "AB" * 10, name="Preferences 2", seed=13)
    for number in range(6):
        making.judged(cast, more, making.endpoint(f"judge {number}"), [("A", "B")] * 20)
    with django_assert_max_num_queries(len(before.captured_queries)):
        client.get(address)


def test_an_evaluation_shows_card_and_replies_page_by_page(cast: Cast) -> None:
    votes = making.preferences(cast, "AB" * 30)
    made = making.judged(cast, votes, making.endpoint("judge"), [("A", None)] * 60)
    text = page_of(cast.lena, "benchmark:evaluation", cast.study.slug, made.pk).content.decode()
    assert "120 of 120 answers stored" in text
    assert "1\N{EN DASH}100 of 120" in text
    assert "I cannot say." in text
    assert "invalid" in text


def test_the_rows_of_an_evaluation_stand_in_the_order_of_the_release(cast: Cast) -> None:
    votes, held_out = making.preferences(cast, "AB" * 6), making.questions(cast, 12)
    judged = making.judged(cast, votes, making.endpoint("judge"), [("A", "B")] * 12)
    solved = making.solved(cast, held_out, making.endpoint("solver"), dict.fromkeys(range(12), True))
    for made, name, each in ((judged, "case", 2), (solved, "held", 1)):
        text = page_of(cast.lena, "benchmark:evaluation", cast.study.slug, made.pk).content.decode()
        shown = re.findall(rf'<th scope="row">(?:<a [^>]*>)?({name}-\d+)<', text)
        assert shown == [f"{name}-{number}" for number in range(12) for _ in range(each)]


def test_scoring_is_launched_from_the_page(cast: Cast) -> None:
    votes, judge = making.preferences(cast), making.endpoint("judge")
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:launch", args=[cast.study.slug, "judge"])
    answer = client.post(address, {"release": votes.pk, "endpoints": [judge.pk], "standard": "on"})
    assert answer.status_code == 302
    assert Evaluation.objects.get().endpoint == judge
    again = client.post(address, {"release": votes.pk, "endpoints": [judge.pk], "standard": "on"})
    assert "is being scored on Preferences 1 already" in again.content.decode()
    foreign = making.endpoint("theirs", study=cast.other_study)
    assert (
        client.post(address, {"release": votes.pk, "endpoints": [foreign.pk], "standard": "on"}).status_code
        == 200
    )
    assert Evaluation.objects.count() == 1


def running(cast: Cast, made: Evaluation) -> None:
    """As in the middle of its work: three cases answered, each otherwise, and calls without an answer."""
    texts = ['{"overall": "A"}', "I cannot compare these.", "Who knows.", '{"overall": "B"}']
    for number, text in enumerate(texts):
        said = making.reply(made.endpoint, f"running {number}", text)
        judge_job.store_verdicts(made, [(f"case-{number // 2}/{('ab', 'ba')[number % 2]}", said)])
    Evaluation.objects.filter(pk=made.pk).update(unanswered={"The server is overloaded (HTTP 503).": 2})
    Job.objects.filter(pk=made.job_id).update(
        state="running", started_at=timezone.now() - timedelta(seconds=9), claim_token=made.job_id,
        lease_until=timezone.now() + timedelta(hours=1), progress_done=4, progress_total=20,
    )  # fmt: skip


def estimated_and_paused_by_keyboard(window: Page, site: str, cast: Cast, made: Evaluation) -> None:
    """A lead without a mouse sees what it takes before pressing Score, and pauses what runs."""
    window.set_viewport_size({"width": 1280, "height": 400})
    window.goto(site + reverse("benchmark:launch", args=[cast.study.slug, "judge"]))
    score = window.get_by_role("button", name="Score", exact=True)
    expect(score).to_be_in_viewport(ratio=1)
    window.get_by_label("teaching/careful judge").focus()
    window.keyboard.press("Space")
    expect(window.get_by_text("20 stored already")).to_be_visible()
    window.get_by_text("Control without images, repeats").focus()
    window.keyboard.press("Enter")
    window.get_by_label("Control without images").focus()
    window.keyboard.press("Space")
    expect(score).to_be_in_viewport(ratio=1)
    expect(window.locator("#launch-estimate tfoot")).to_be_visible()
    window.set_viewport_size({"width": 1280, "height": 1600})  # nothing half covered
    assert violations(window) == []
    shoot(window, "score-judges")
    window.goto(site + reverse("benchmark:evaluation", args=[cast.study.slug, made.pk]))
    window.locator(f"#pause-{made.pk}").focus()
    window.keyboard.press("Enter")
    expect(window.get_by_text("Pausing at the next safe point")).to_be_visible()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_fit_and_are_accessible(window: Page, live_server: Any, cast: Cast) -> None:
    Study.objects.filter(pk=cast.study.pk).update(is_teaching_set=True)
    votes, held_out = filled(cast)
    one = Evaluation.objects.filter(endpoint__name="teaching/hasty judge").get()
    end_evaluation(one, CompletionTally())
    run_now(start_rerun_check(evaluation=one, by=cast.lena))  # stored replies without requests: they differ
    controls = plan_variants(image_blind=True, repeats=1, repeat_cases=4)
    waiting = making.launched(
        cast, votes, making.endpoint("waiting judge"), making.endpoint("served", path="x", base_url=""),
        variants=controls,
    )  # fmt: skip
    running(cast, waiting[0])
    judge = ModelEndpoint.objects.get(name="teaching/careful judge")
    making.judged(cast, votes, judge, [("A", "A")] * 10, controls[1])
    making.judged(cast, votes, judge, [("A", "B")] * 4, controls[2])
    log_in(window, live_server.url, cast.lena)
    places: dict[str, tuple[str, list[Any]]] = {
        "leaderboard": ("benchmark:leaderboard", []),
        "score-solvers": ("benchmark:launch", ["solver"]),
        "evaluation": ("benchmark:evaluation", [one.pk]),
        "running-evaluation": ("benchmark:evaluation", [waiting[0].pk]),
        "solver-slices": ("benchmark:solver-slices", [held_out.pk]),
        "shared-data": ("benchmark:shared-data", [votes.pk, one.endpoint_id]),
        "launch-of-many": ("benchmark:batch", [waiting[0].batch]),
        "report-controls": ("benchmark:report-part", [votes.pk, "controls"]),
    }
    for name, (view, arguments) in places.items():
        window.goto(live_server.url + reverse(view, args=[cast.study.slug, *arguments]))
        expect(window.get_by_text("Synthetic teaching set.")).to_be_visible()
        assert violations(window) == [], name
        shoot(window, name)
    estimated_and_paused_by_keyboard(window, live_server.url, cast, waiting[0])
    window.goto(live_server.url + reverse("benchmark:leaderboard", args=[cast.study.slug]))
    for table in window.locator(".table-wrap:visible").all():
        room = table.evaluate("(box) => box.scrollWidth - box.clientWidth")
        assert room <= 0, "a table scrolls sideways"
