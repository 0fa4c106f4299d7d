"""The pages of training: who sees them, what they say, and live curves."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.answers.paradigms import PARADIGMS
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from curation.models import Release
from tests.annotation.conftest import log_in
from tests.factories import training as making
from tests.factories.benchmark import preferences
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.pictures import shoot
from tests.harness.playwright_api import Page, expect
from training import run_folder
from training.curves import POINTS, curves
from training.forms import bases
from training.job.kept_samples import KeptSamples
from training.kept_answers import kept_answers
from training.launch import launch_pipeline
from training.models import AttemptEnd, Checkpoint, ProducedModel, Run, RunAttempt, RunEvent
from training.paradigm_curves import paradigm_curves
from training.probe import PROBE


@pytest.fixture
def pipeline(cast: Cast, release: Release) -> list[Run]:
    """Two experts, GBA and merge: the first is over, the second runs, the others wait."""
    base = making.base_endpoint()
    runs = launch_pipeline(
        study=cast.study, release=release, base=base, by=cast.lena, settings={"dsa": {"epochs": 2}}, seed=7
    )
    finish(runs[0])
    start(runs[1])
    return runs


def finish(run: Run) -> None:
    tell(run, 24)
    Checkpoint.objects.create(run=run, step=24, name="step-000024")
    made = making.base_endpoint(name=f"chest/run-{run.pk} dsa", path=f"runs/run-{run.pk}/model")
    ProducedModel.objects.create(
        run=run,
        endpoint=made,
        digest="ab" * 32,
        release_digests=[run.release_digest],
        card={"metrics": {"loss": 0.41, "mean_token_accuracy": 0.93, "steps": 24}, "seconds": 71.3},
    )
    moved(run, JobState.SUCCEEDED, progress_done=24, progress_total=24)


def start(run: Run) -> None:
    tell(run, 9)
    moved(run, JobState.RUNNING, progress_done=9, progress_total=24, progress_note="step 9")


def moved(run: Run, state: str, **fields: Any) -> None:
    now = run.created_at
    claim = {"claim_token": "00000000-0000-4000-8000-000000000000", "lease_until": now, "started_at": now}
    Job.objects.filter(pk=run.job_id).update(state=state, **claim, **fields)


def tell(run: Run, steps: int) -> None:
    for step in range(1, steps + 1):
        data = {"loss": 2.5 / (1 + step / 4) + 0.05 * (step % 3), "reward": 0.3 + 0.02 * step, "total": 24}
        RunEvent.objects.create(run=run, sequence=step, kind="step", step=step, data=data)


def reinforce(run: Run, steps: int) -> None:
    """Steps of a GBA run as its process tells them, and the answers that it keeps."""
    for step in range(1, steps + 1):
        data: dict[str, float] = {"loss": 0.02, "reward": 0.4 + 0.03 * step, "kl": 0.001 * step, "lr": 1e-5}
        data |= {"accuracy/mean": 0.3, "format/mean": 0.5, "length": 40.0, "cut": 0.1, "clipped": 0.01}
        for number, name in enumerate(PARADIGMS):
            data |= {f"{name}/reward/mean": 0.3 + 0.02 * step + 0.1 * number, f"{name}/reward/std": 0.4}
            data |= {f"{name}/accuracy/mean": 0.2 + 0.02 * step, f"{name}/format/mean": 0.5}
            data |= {f"{name}/advantage/mean": 0.3 * (number - 1.5), f"{name}/advantage/std": 0.7}
            data |= {f"{name}/reward/zero": 0.25, f"{name}/advantage/zero": 0.1 * number}
        if step % 10 == 1:
            data |= {"log_ratio": 0.02, "sample_share": 0.75, "dev/pediatrics": 0.5 + step / 100}
        RunEvent.objects.create(run=run, sequence=step, kind="step", step=step, data=data)
    place = run_folder.folder(run)
    place.mkdir(parents=True)
    kept = KeptSamples(place, 10)
    for step in (1, 11):
        kept.keep(step, [
            {"row": f"trace-{step}", "paradigm": name, "text": f"<think>{name} at \x1b[31m{step}</think>",
             "reward": 1.5, "accuracy": 1.0, "format": 1.0, "advantage": -0.25}
            for name in PARADIGMS
        ])  # fmt: skip


def page_of(person: Person, name: str, *arguments: Any) -> Any:
    client = Client()
    client.force_login(person)
    return client.get(reverse(f"training:{name}", args=arguments))


ROLES = {"anna": 403, "rosa": 403, "lena": 200, "otto": 404, "nora": 404}


@pytest.mark.parametrize(("who", "status"), ROLES.items())
def test_only_leads_of_the_study_see_runs(cast: Cast, pipeline: list[Run], who: str, status: int) -> None:
    person = getattr(cast, who)
    for name, arguments in {
        "runs": [],
        "launch": [],
        "run": [pipeline[0].pk],
        "live": [pipeline[0].pk],
        "paradigms": [pipeline[2].pk],
    }.items():
        assert page_of(person, name, cast.study.slug, *arguments).status_code == status, name


def test_another_studys_run_does_not_exist_here(cast: Cast, pipeline: list[Run]) -> None:
    for name in ("run", "live", "paradigms"):
        assert page_of(cast.nora, name, cast.other_study.slug, pipeline[0].pk).status_code == 404


def test_the_list_names_every_run_in_words_with_few_queries(
    cast: Cast, pipeline: list[Run], django_assert_max_num_queries: Any
) -> None:
    client = Client()
    client.force_login(cast.lena)
    with django_assert_max_num_queries(20) as few:
        text = client.get(reverse("training:runs", args=[cast.study.slug])).content.decode()
    assert "DSA adult medicine" in text
    assert "9 of 24" in text
    traces = pipeline[0].release
    assert traces is not None
    launch_pipeline(study=cast.study, release=traces, base=pipeline[0].base, by=cast.lena)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(reverse("training:runs", args=[cast.study.slug]))


def test_the_live_part_asks_again_until_the_job_is_over(cast: Cast, pipeline: list[Run]) -> None:
    over, running = pipeline[:2]
    answer = page_of(cast.lena, "live", cast.study.slug, running.pk)
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    assert "HX-Refresh" not in answer
    answer = page_of(cast.lena, "live", cast.study.slug, over.pk)
    assert "hx-trigger" not in answer.content.decode()
    assert answer["HX-Refresh"] == "true"


def test_figures_of_a_run_say_what_they_are_of(cast: Cast, pipeline: list[Run]) -> None:
    text = page_of(cast.lena, "run", cast.study.slug, pipeline[0].pk).content.decode()
    assert "Loss, last step" in text
    assert "<dt>Steps</dt>" in text


def test_a_waiting_run_says_what_it_waits_for(cast: Cast, pipeline: list[Run]) -> None:
    text = page_of(cast.lena, "live", cast.study.slug, pipeline[3].pk).content.decode()
    assert f"{pipeline[1]}, {pipeline[2]}" in text
    assert "Waits for the runs it builds on" in text


def test_a_running_run_says_how_far_how_fast_and_how_long(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[1]
    now = timezone.now()
    attempt = RunAttempt.objects.create(
        run=run, number=1, started_at=now - timedelta(minutes=1), memory_bytes=3 << 30
    )
    for event in run.events.all():
        RunEvent.objects.filter(pk=event.pk).update(at=now - timedelta(seconds=4 * (9 - event.sequence)))
    text = page_of(cast.lena, "live", cast.study.slug, run.pk).content.decode()
    assert "9 of 24, about 1 min" in text  # 15 steps of 4 s
    assert "240 rows a minute" in text  # 16 rows in 4 s
    assert "3.0\xa0GB" in text
    RunAttempt.objects.filter(pk=attempt.pk).update(end=AttemptEnd.LOST)
    assert "about 1 min" not in page_of(cast.lena, "live", cast.study.slug, run.pk).content.decode()


def test_the_axes_of_a_live_curve_stand_still(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[1]

    def marks() -> list[list[str]]:
        run.job.refresh_from_db()
        return [re.findall(r'text-anchor="(?:middle|end)">([^<]*)<', chart) for chart in curves(run)]

    before = marks()
    RunEvent.objects.create(run=run, sequence=10, kind="step", step=10, data={"loss": 0.1, "reward": 1.2})
    moved(run, JobState.RUNNING, progress_done=10)
    assert marks() == before
    assert "25" in before[0] or "24" in before[0]


def test_a_stopped_run_offers_to_go_on_and_lists_what_it_kept(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[1]
    Checkpoint.objects.create(run=run, step=9, name="step-000009")
    assert "Resume" not in page_of(cast.lena, "run", cast.study.slug, run.pk).content.decode()
    moved(run, JobState.CANCELLED)
    text = page_of(cast.lena, "run", cast.study.slug, run.pk).content.decode()
    assert "Resume goes on from step-000009." in text
    client = Client()
    client.force_login(cast.lena)
    address = reverse("training:resume", args=[cast.study.slug, run.pk])
    answer = client.post(address, follow=True)
    assert "is on the queue again" in answer.content.decode()
    run.refresh_from_db()
    assert run.job.state == JobState.QUEUED


def test_the_log_shows_its_end_without_folders_or_control_characters(
    cast: Cast, pipeline: list[Run], home: Path
) -> None:
    run = pipeline[1]
    assert "keeps it to itself" in page_of(cast.lena, "log", cast.study.slug, run.pk).content.decode()
    place = run_folder.folder(run)
    place.mkdir(parents=True)
    lines = [f"line {number}" for number in range(100)]
    (place / "process.log").write_text("\n".join([*lines, f"\x1b[31m{place}/x.py <b>\x1b[0m\x07"]))
    text = page_of(cast.lena, "log", cast.study.slug, run.pk).content.decode()
    assert "line 99" in text
    assert "line 9\n" not in text
    assert f"MODELS/runs/run-{run.pk}/x.py &lt;b&gt;" in text
    assert str(home) not in text
    assert "\x1b" not in text


def test_a_long_run_is_drawn_with_a_bounded_number_of_points(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[2]
    rows = [
        RunEvent(run=run, sequence=step, kind="step", step=step, data={"loss": 1.0})
        for step in range(1, 2001)
    ]
    RunEvent.objects.bulk_create(rows)
    (chart,) = curves(run)
    assert POINTS / 2 <= chart.count("<tr>") <= POINTS + 2


def test_a_gba_run_is_drawn_by_paradigm_on_common_axes(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[2]
    assert (
        "appear with the first steps"
        in page_of(cast.lena, "paradigms", cast.study.slug, run.pk).content.decode()
    )
    reinforce(run, 20)
    rows = paradigm_curves(run)
    assert [row.title for row in rows] == ["Reward and its parts", "Advantage", "Spread", "Zeros"]
    for row in rows:
        titles = [re.findall(r'chart-title">([^<]*)<', chart) for chart in row.charts]
        assert titles == [[name.capitalize()] for name in PARADIGMS]
        marks = {tuple(re.findall(r'text-anchor="end">([^<]*)<', chart)) for chart in row.charts}
        assert len(marks) == 1
        assert all("<details><summary>Numbers</summary>" in chart for chart in row.charts)
    assert "\N{MINUS SIGN}1" in re.findall(r'text-anchor="end">([^<]*)<', rows[1].charts[0])
    text = page_of(cast.lena, "paradigms", cast.study.slug, run.pk).content.decode()
    assert 'hx-trigger="every 20s"' in text
    assert paradigm_curves(pipeline[0]) == []  # DSA has none


def test_figures_that_few_steps_report_are_drawn_whole(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[2]
    reinforce(run, 20)
    drawn = {re.findall(r'chart-title">([^<]*)<', chart)[0]: chart for chart in curves(run)}
    assert {"KL divergence", "Right answers", "Length of answers", "Answers cut at the limit"} <= drawn.keys()
    for title in ("Distance of the prompts", "Effective sample size", "Right answers to dev questions"):
        assert drawn[title].count("<tr>") == 1 + 2, title  # steps 1 and 11
    assert "Pediatrics" in drawn["Right answers to dev questions"]


def test_kept_answers_are_shown_newest_first_on_the_page_alone(cast: Cast, pipeline: list[Run]) -> None:
    run = pipeline[2]
    text = page_of(cast.lena, "run", cast.study.slug, run.pk).content.decode()
    assert "Nothing yet, or the host that trains keeps it to itself." in text
    reinforce(run, 20)
    text = page_of(cast.lena, "run", cast.study.slug, run.pk).content.decode()
    assert re.findall(r"Step (\d+): 4 answers to (trace-\d+)", text) == [("11", "trace-11"), ("1", "trace-1")]
    assert "reward 1.5, accuracy 1, format 1, advantage -0.25" in text
    assert "&lt;think&gt;bayesian at 11&lt;/think&gt;" in text
    for name, *rest in (("live",), ("paradigms",), ("log",), ("download", "figures"), ("download", "card")):
        other = page_of(cast.lena, name, cast.study.slug, run.pk, *rest)
        content = other.content.decode()
        assert other.status_code == 200
        assert "think" not in content, name


def test_kept_answers_go_with_the_images_of_their_release(cast: Cast, pipeline: list[Run]) -> None:
    reinforce(pipeline[2], 1)
    release = pipeline[2].release
    assert release is not None
    assert kept_answers(pipeline[2])
    run_folder.remove_data(release)  # as a purge does
    assert kept_answers(pipeline[2]) == []
    run_folder.remove_data(release)


def test_a_model_that_was_not_trained_here_is_offered_first_as_base(cast: Cast, pipeline: list[Run]) -> None:
    offered = [endpoint.name for endpoint in bases(cast.study)]
    trained = pipeline[0].produced.endpoint.name
    assert len(offered) > 1
    assert offered[-1] == trained  # "chest/..." would be first by name


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_fit_are_accessible_and_move(
    window: Page, live_server: Any, cast: Cast, pipeline: list[Run]
) -> None:
    Study.objects.filter(pk=cast.study.pk).update(is_teaching_set=True)
    log_in(window, live_server.url, cast.lena)
    over, running = pipeline[:2]
    assert over.release is not None
    others = launch_pipeline(study=cast.study, release=over.release, base=over.base, by=cast.lena)
    result = {
        "steps": 500,
        "step_seconds": 0.4,
        "seconds": 204.0,
        "text_tokens": 91_000,
        "memory_bytes": 1 << 30,
    }
    sizes = {"gpu_bytes": 24 << 30, "checkpoint_bytes": 1 << 20, "disk_bytes": 9 << 20, "free_bytes": 1 << 20}
    chosen = {"stage": "dsa", "release": over.release_id, "base": over.base_id, "specialty": "", "seed": 7}
    probe = Job.objects.create(
        kind=PROBE, study=cast.study, state=JobState.SUCCEEDED, created_by=cast.lena,
        params={**chosen, "settings": {}}, result=result | sizes,
    )  # fmt: skip
    reinforce(pipeline[2], 20)
    places: dict[str, tuple[str, list[Any]]] = {
        "run-gba": ("training:run", [pipeline[2].pk]),
        "estimate": ("training:estimate", [probe.pk]),
        "compare": ("training:compare", []),
        "learned": ("training:learned", [over.pk]),
        "learned-from": ("training:learned-from", []),
        "runs": ("training:runs", []),
        "launch": ("training:launch", []),
        "run-over": ("training:run", [over.pk]),
        "run-waiting": ("training:run", [pipeline[3].pk]),
        "run-merged": ("training:run", [making.merged(others[-1]).run_id]),
        "run-live": ("training:run", [running.pk]),
    }
    for name, (view, arguments) in places.items():
        window.goto(live_server.url + reverse(view, args=[cast.study.slug, *arguments]))
        expect(window.get_by_text("Synthetic teaching set.")).to_be_visible()
        assert violations(window) == [], name
        shoot(window, name)
    preferences(cast)
    window.goto(f"{live_server.url}{reverse('training:launch', args=[cast.study.slug])}?stage=judge_dpo")
    assert violations(window) == [], "launch-judge"
    shoot(window, "launch-judge")
    window.get_by_label("What is compared").select_option("answers")
    expect(window.get_by_text("Answer to prefer, by overall").first).to_be_visible()
    window.goto(live_server.url + reverse("training:run", args=[cast.study.slug, running.pk]))
    RunEvent.objects.create(run=running, sequence=10, kind="step", step=10, data={"loss": 0.125})
    moved(running, JobState.RUNNING, progress_done=10, progress_note="step 10")
    expect(window.locator("#run-live").get_by_text("10 of 24", exact=False)).to_be_visible(timeout=10_000)
    finish_address = window.url
    moved(running, JobState.SUCCEEDED)
    expect(window.locator("#run-live[hx-trigger]")).to_have_count(0, timeout=10_000)
    assert window.url == finish_address
