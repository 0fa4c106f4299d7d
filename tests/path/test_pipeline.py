"""A pipeline on a real installation, started at its page: its worker is killed -9 in GBA, and in the last
step as often as that may be tried. The step fails, a lead resumes the pipeline, and what comes out is whole.
"""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import once
from tests.harness.once import Put
from tests.path.drive import Installation, Person, running, seed
from tests.path.test_kills import EMBEDDED, ask

pytestmark = [pytest.mark.soak, pytest.mark.path]
TRACES, QUESTIONS = 8, 6
PAGE = "/s/chest/pipelines/1/"
DSA, GBA, MERGE = "stage = 'dsa'", "stage = 'gba'", "stage = 'merge'"
BASE_SCORED, MERGE_SCORED = (f"kind = 'evaluation' AND recipe = '{recipe}'" for recipe in ("base", "merge"))
STEPS = """(SELECT s.*, j.state, j.attempt, j.max_attempts, j.error FROM site_pipelinestep s
    LEFT JOIN training_run r ON s.run_id = r.id LEFT JOIN benchmark_evaluation e ON s.evaluation_id = e.id
    LEFT JOIN jobs_job j ON j.id = coalesce(r.job_id, e.job_id))"""


@pytest.fixture
def site(
    tmp_path: Path, put_database: Put, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    home = put_database(tmp_path / "home")
    models = os.environ.get("CONSILIUM_TEST_MODELS") or once.tiny_models(tmp_path_factory, "base")
    shutil.copytree(models, home / "models" / "tiny")
    with running(home, **EMBEDDED) as installation:
        seed(installation, "people", ",", "pipeline_ground", str(TRACES), str(QUESTIONS))
        installation.start()
        yield installation


def test_a_pipeline_whose_worker_is_killed_again_and_again_is_resumed_at_the_step_that_failed(
    site: Installation,
) -> None:
    lead = Person(site, "lena")
    start(site, lead)
    ((held,),) = steps(site, "evaluation_id", BASE_SCORED)
    lead.post(f"/s/chest/evaluations/{held}/pause/")

    killed = kill_worker_at(site, GBA, 1)
    ((tries,),) = steps(site, "max_attempts", GBA)
    assert tries > 1
    wait_for(site, MERGE, "succeeded")
    wait_for(site, MERGE_SCORED, "queued", "running")
    ((tries,),) = steps(site, "max_attempts", MERGE_SCORED)
    for attempt in range(1, tries + 1):
        killed |= kill_worker_at(site, MERGE_SCORED, attempt)
    site.wait(lambda: state(site) == "failed", what="the pipeline has failed")
    page = lead.get(PAGE).text
    assert f"Scoring Merge failed. The worker of this job stopped {tries} times" in page
    ((lost,),) = steps(site, "evaluation_id", MERGE_SCORED)

    lead.post(f"{PAGE}resume/")
    wait_for(site, MERGE_SCORED, "succeeded")
    ((whole,),) = steps(site, "evaluation_id", MERGE_SCORED)
    site.wait(lambda: state(site) == "completed", what="the pipeline is completed")
    assert whole != lost
    assert steps(site, "evaluation_id", BASE_SCORED) == [(held,)]
    check_made(site)
    assert not killed & {*site.processes(""), *site.model_servers()}
    told = json.loads(site.command("pipeline", "show", "1", "--json"))
    assert {step["state"] for step in told["steps"]} == {"succeeded"}
    assert {one["recipe"] for one in told["report"]["recipes"]} >= {"base", "merge"}
    assert json.loads(site.command("verify_audit", "--json"))["breaks"] == []


def start(site: Installation, lead: Person) -> None:
    """By the form of the page."""
    releases = dict(ask(site, "SELECT name, id FROM curation_release"))
    ((base,),) = ask(site, "SELECT id FROM calls_modelendpoint")
    chosen = {"release": releases["Traces 1"], "questions": releases["Test"]}
    chosen |= {"dev_questions": releases["Dev"], "base": base, "seeds": 7, "kind": "whole", "preset": "smoke"}
    lead.post("/s/chest/pipelines/new/", [(name, str(value)) for name, value in chosen.items()])
    assert state(site) == "running"


def steps(site: Installation, columns: str, where: str) -> list[tuple[Any, ...]]:
    return ask(site, f"SELECT {columns} FROM {STEPS} WHERE {where} ORDER BY position")


def state(site: Installation) -> str:
    ((found,),) = ask(site, "SELECT state FROM site_pipeline")
    return str(found)


def wait_for(site: Installation, step: str, *states: str) -> None:
    site.wait(lambda: steps(site, "state", step)[0][0] in states, what=f"{step} is {states}")


def kill_worker_at(site: Installation, step: str, attempt: int) -> set[int]:
    """Kill the worker of the GPUs in its n-th try of this step; it, and the model server that it has."""
    now = [("running", attempt)]
    site.wait(lambda: steps(site, "state, attempt", step) == now, what=f"{step}: try {attempt}")
    (worker,) = site.processes("--queues=gpu")
    os.kill(worker, signal.SIGKILL)
    return {worker, *site.model_servers()}


def check_made(site: Installation) -> None:
    """Four models, each trained step by step once, and an answer of base and merge to each question."""
    told = ask(site, "SELECT run_id, step FROM training_runevent WHERE kind = 'step'")
    trained = {run for (run,) in steps(site, "run_id", f"{DSA} OR {GBA}")}
    of_trained = sorted(one for one in told if one[0] in trained)
    assert len(of_trained) == len(set(of_trained)) == 4 + 4 + 2
    assert ask(site, "SELECT count(*), count(DISTINCT run_id) FROM training_producedmodel") == [(4, 4)]
    assert steps(site, "attempt", GBA) == [(2,)]
    answered = "SELECT row_id FROM benchmark_solverresult WHERE evaluation_id = {}"
    for (evaluation,) in steps(site, "evaluation_id", "kind = 'evaluation'"):
        rows = ask(site, answered.format(evaluation))
        assert len(rows) == len(set(rows)) == QUESTIONS
