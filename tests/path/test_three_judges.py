"""Three tiny judges, one of them trained here, on a real installation: by Chromium on one release, by command
on another. The worker that judges is killed -9 in each; the reports count every case once in both orders.
"""

import csv
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from benchmark.presentation import percent
from benchmark.report.choices import SORTS
from consilium.answers.verdicts import OVERALL
from tests.browser.test_path_in_browser import S, Somebody
from tests.harness import once
from tests.harness.browsers import shut
from tests.harness.once import Put
from tests.harness.playwright_api import Browser, Page, expect
from tests.path.drive import Installation, running, seed
from tests.path.test_kills import EMBEDDED, ask

pytestmark = [pytest.mark.soak, pytest.mark.browser, pytest.mark.path]
CASES, ORDERS = 8, 2
TAUGHT, BY_PAGE, BY_COMMAND = "Taught", "By page", "By command"
JURY: Final = "Jury"
LONG: Final = 150_000.0  # milliseconds in which a model is served, loaded and asked on a busy machine


@pytest.fixture
def site(
    tmp_path: Path, put_database: Put, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    home = put_database(tmp_path / "home")
    models = os.environ.get("CONSILIUM_TEST_MODELS") or once.tiny_models(
        tmp_path_factory, "judge_careful", "judge_hasty"
    )
    shutil.copytree(models, home / "models" / "tiny")
    with running(home, **EMBEDDED) as installation:
        seed(installation, "people", ",", "taught_judges", str(CASES), TAUGHT, BY_PAGE, BY_COMMAND)
        installation.start()
        yield installation


@pytest.fixture
def lead(chromium: Browser, site: Installation) -> Iterator[Somebody]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    somebody = Somebody(context, site, "lena")
    yield somebody
    shut(context)
    assert somebody.complaints == []


def test_three_judges_are_scored_by_page_and_by_command_though_their_worker_is_killed(
    site: Installation, lead: Somebody, tmp_path: Path
) -> None:
    made = train_judge(lead)
    judges = [made, "tiny judge_careful", "tiny judge_hasty"]
    see_the_guard(lead, made)
    launch(lead, BY_PAGE, judges)
    killed = kill_judging_worker(site, BY_PAGE)
    lead.look("batch")
    expect(lead.page.locator("#batch-live")).not_to_have_attribute("hx-trigger", "every 2s", timeout=LONG)
    lead.look("batch-over")
    check_stored(site, BY_PAGE, judges)
    assert not killed & {*site.processes(""), *site.model_servers()}
    figures = report_of(site, BY_PAGE, tmp_path / "by-page")
    assert set(figures) == {*judges, JURY}
    assert read_board(lead, BY_PAGE) == figures
    open_verdict(lead, "tiny judge_careful")

    digest = value_of(site, "digest", BY_COMMAND)
    site.command("judge", "--release", digest, *(word for name in judges for word in ("--endpoint", name)))
    kill_judging_worker(site, BY_COMMAND)
    site.wait(lambda: states(site, BY_COMMAND) == {"succeeded"}, what="all judges are scored")
    check_stored(site, BY_COMMAND, judges)
    figures = report_of(site, BY_COMMAND, tmp_path / "by-command")
    assert read_board(lead, BY_COMMAND) == figures
    # One that looks and one that does not, as their makers taught them.
    assert float(figures["tiny judge_careful"][1]) > float(figures["tiny judge_hasty"][1])
    assert json.loads(site.command("verify_audit", "--json"))["breaks"] == []


def value_of(site: Installation, column: str, release: str) -> str:
    ((value,),) = ask(site, f"SELECT {column} FROM curation_release WHERE name = '{release}'")
    return str(value)


def train_judge(lead: Somebody) -> str:
    """A few steps on readers' consensus, launched at the page; the name of the model that comes out."""
    page = lead.visit(f"{S}/runs/launch/?stage=judge_sft&preset=smoke", "training-launch")
    page.select_option("[name=release]", label=TAUGHT)
    page.select_option("[name=base]", label="tiny judge_hasty")
    lead.settle()
    page.get_by_role("button", name="Launch", exact=True).click()
    produced = "SELECT name FROM calls_modelendpoint WHERE provenance LIKE '%releases%'"
    lead.site.wait(lambda: bool(ask(lead.site, produced)), what="a judge is trained")
    ((name,),) = ask(lead.site, produced)
    return str(name)


def choose(lead: Somebody, release: str, judges: list[str]) -> Page:
    page = lead.visit(f"{S}/leaderboard/launch/judge/", "launch")
    page.select_option("[name=release]", label=release)
    for name in judges:
        page.get_by_label(name, exact=True).check()
    lead.settle()
    return page


def see_the_guard(lead: Somebody, made: str) -> None:
    """On what it learned from, the judge is refused, and a page names the rows."""
    page = choose(lead, TAUGHT, [made])
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.locator("main")).to_contain_text("was trained on this release")
    lead.look("launch-refused")
    page.get_by_role("link", name="All rows that it shares").click()
    expect(page.locator("main tbody tr")).to_have_count(CASES)
    lead.look("shared-data")


def launch(lead: Somebody, release: str, judges: list[str]) -> None:
    page = choose(lead, release, judges)
    expect(page.locator("#launch-estimate tbody tr")).to_have_count(len(judges))
    page.get_by_role("button", name="Score", exact=True).click()
    page.wait_for_url("**/evaluations/batch/*/")
    expect(page.locator("main tbody tr")).to_have_count(len(judges))


def kill_judging_worker(site: Installation, release: str) -> set[int]:
    """Kill the worker once it has stored some verdicts and not all: it and its model server."""
    stored = ("count(*)", "benchmark_verdict v ON v.evaluation_id = e.id")
    site.wait(
        lambda: evaluations(site, release, *stored)[0][0] >= CASES,
        what=f"some verdicts on {release} are stored",
    )
    assert "running" in states(site, release)
    (worker,) = site.processes("--queues=gpu")
    (server,) = site.model_servers()
    os.kill(worker, signal.SIGKILL)
    return {worker, server}


def evaluations(site: Installation, release: str, columns: str, joined: str) -> list[tuple[Any, ...]]:
    """Columns of the release's evaluations `e` and of what is joined to them."""
    of = "benchmark_evaluation e JOIN curation_release r ON e.release_id = r.id"
    return ask(site, f"SELECT {columns} FROM {of} JOIN {joined} WHERE r.name = '{release}'")


def states(site: Installation, release: str) -> set[str]:
    return {state for (state,) in evaluations(site, release, "j.state", "jobs_job j ON e.job_id = j.id")}


def check_stored(site: Installation, release: str, judges: list[str]) -> None:
    """Each judge has one evaluation, which has each case in both orders once; one was tried again."""
    joined = (
        "benchmark_verdict v ON v.evaluation_id = e.id JOIN calls_modelendpoint m ON e.endpoint_id = m.id"
    )
    rows = evaluations(site, release, 'm.name, v.row_id, v."order"', joined)
    assert len(rows) == len(set(rows)) == len(judges) * CASES * ORDERS
    assert {name for name, _, _ in rows} == set(judges)
    tries = evaluations(site, release, "j.state, j.attempt", "jobs_job j ON e.job_id = j.id")
    assert sorted(tries) == [("succeeded", 1), ("succeeded", 1), ("succeeded", 2)]


def report_of(site: Installation, release: str, folder: Path) -> dict[str, list[str]]:
    """Judge to its figures in the overall dimension as the command writes them, rounded as pages do."""
    site.command("report", value_of(site, "digest", release), str(folder))
    with (folder / "judges.csv").open(encoding="utf-8-sig") as file:
        lines = [one for one in csv.DictReader(file) if not one["facet"] and one["dimension"] == OVERALL]
    return {one["judge"]: [one["cases"], *(_shown(one[name]) for name in SORTS[:-1])] for one in lines}


def _shown(figure: str) -> str:
    return percent(float(figure)) if figure else "\N{EN DASH}"


def read_board(lead: Somebody, release: str) -> dict[str, list[str]]:
    """The same figures as the report's page shows them."""
    page = lead.visit(f"{S}/leaderboard/{value_of(lead.site, 'id', release)}/report/", "report")
    rows = page.locator("#report-part [aria-label^='Judges,'] tbody tr").all()
    cells = [[part.inner_text().split("\n")[0] for part in row.locator("th, td").all()] for row in rows]
    return {name: figures for _, name, *figures in cells}


def open_verdict(lead: Somebody, judge: str) -> None:
    """From a judge's accuracy to the cases it is made of, and from one of them to the replies."""
    row = lead.page.locator("#report-part tbody tr", has=lead.page.get_by_role("link", name=judge)).first
    row.locator("a[href*='/report/cases/']").click()
    expect(lead.page.locator("main tbody tr")).to_have_count(CASES)
    lead.look("cases")
    lead.page.locator("main tbody tr a").first.click()
    replies = lead.page.locator("main details", has_text=judge)
    expect(replies).to_have_count(ORDERS)
    replies.first.locator("summary").click()
    expect(replies.first).to_contain_text(re.compile(r'"overall": "[AB]"'))
    lead.look("case")
