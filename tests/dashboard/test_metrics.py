"""The figures for Prometheus: what they say, who gets them, what they cost; what uses them."""

import fcntl
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from consilium.blobs.store import put
from consilium.environment import EnvironmentRefused, read_token
from consilium.jobs import reaper
from consilium.jobs.claim import claim
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.run import run_now
from consilium.jobs.watched_figures import BACKUP_LACKS, note_figure
from dashboard.metrics import response_times as times
from dashboard.metrics import views as metrics_views
from tests.architecture.test_tree import ROOT
from tests.factories import annotation as making
from tests.factories.cast import Cast
from tests.harness.stored import path_of
from tests.jobs.kinds import kind

TOKEN = "a-token-of-the-test-suite-for-scrapes"
Figures = dict[tuple[str, ...], float]
"""The sample's name, then its labels' values in the order of the labels' names."""


@pytest.fixture(autouse=True)
def _own_counts(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CONSILIUM_HOME, settings.METRICS_TOKEN = tmp_path, TOKEN
    fresh = times.ResponseTimes()
    for module in (times, metrics_views):
        monkeypatch.setattr(module, "response_times", fresh)


def scrape() -> str:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.content.decode()


def figures(text: str = "") -> Figures:
    """All samples, read as Prometheus reads them."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text or scrape())
        for sample in family.samples
    }


@pytest.mark.django_db
def test_only_who_sends_the_token_learns_that_there_are_figures(cast: Cast, settings: Any) -> None:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    operator = Client()
    operator.force_login(cast.otto)
    for sent in (
        "",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer ",
        "Bearer \xfc",
    ):
        for client in (Client(), operator):
            assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404, sent
    settings.METRICS_TOKEN = ""  # not set: nothing opens it, an empty token least of all
    for sent in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}"):
        assert Client().get("/metrics", headers={"Authorization": sent}).status_code == 404, sent


def test_a_short_token_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_METRICS_TOKEN", "x" * 31)
    with pytest.raises(EnvironmentRefused, match="CONSILIUM_METRICS_TOKEN is shorter than 32"):
        read_token("CONSILIUM_METRICS_TOKEN")
    monkeypatch.setenv("CONSILIUM_METRICS_TOKEN", "x" * 32)
    assert read_token("CONSILIUM_METRICS_TOKEN") == "x" * 32


@pytest.mark.django_db
def test_queues_and_jobs_are_told_as_they_stand(cast: Cast) -> None:
    found = figures()
    assert found["consilium_queue_oldest_waiting_seconds", "default"] == 0
    now = timezone.now()
    with kind(lambda job: {}):
        made = [enqueue(kind="test.job", by=None, study=None, params={}) for _ in range(3)]
    Job.objects.filter(pk=made[0].pk).update(created_at=now - timedelta(minutes=7))
    # Put off until later: it is old, and nobody has to hurry.
    Job.objects.filter(pk=made[1].pk).update(
        created_at=now - timedelta(hours=3), not_before=now + timedelta(hours=1)
    )
    Job.objects.filter(pk=made[2].pk).update(
        created_at=now - timedelta(hours=2), not_before=now - timedelta(seconds=40)
    )
    found = figures()
    assert found["consilium_queue_oldest_waiting_seconds", "default"] == pytest.approx(420, abs=15)
    assert found["consilium_queue_oldest_waiting_seconds", "gpu"] == 0
    assert found["consilium_jobs", "default", "queued"] == 3
    assert found["consilium_jobs", "default", "failed"] == found["consilium_jobs", "gpu", "queued"] == 0


@pytest.mark.django_db
def test_lost_leases_are_counted_once_each_and_for_ever(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert figures()["consilium_job_lease_losses_total", "default"] == 0
    with kind(lambda job: {}):
        made = [enqueue(kind="test.job", by=None, study=None, params={}, max_attempts=1) for _ in range(2)]
        for job in made:
            assert claim(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    with monkeypatch.context() as patch:
        patch.setattr(reaper, "move", lambda *_, **__: False)  # its worker renewed it meanwhile
        reaper.requeue_lost()
    assert figures()["consilium_job_lease_losses_total", "default"] == 0
    reaper.requeue_lost()
    reaper.requeue_lost()
    found = figures()
    assert found["consilium_job_lease_losses_total", "default"] == 2
    assert found["consilium_job_lease_losses_total", "gpu"] == 0
    assert found["consilium_jobs", "default", "failed"] == 2


@pytest.mark.django_db(transaction=True)
def test_what_the_daily_check_finds_is_told(cast: Cast) -> None:
    before = figures()
    assert ("consilium_damaged_files",) not in before
    assert before["consilium_daily_check_last_timestamp_seconds",] == 0
    path = path_of(put(b"an image", "image/png").sha256)
    assert daily_check() == "succeeded"
    assert figures()["consilium_damaged_files",] == 0
    path.write_bytes(b"an imagE")
    assert daily_check() == "failed"
    found = figures()
    assert (found["consilium_damaged_files",], found["consilium_daily_check_failures_total",]) == (1, 1)
    assert found["consilium_audit_chain_breaks",] == found["consilium_missing_triggers",] == 0
    assert found["consilium_daily_check_last_timestamp_seconds",] == pytest.approx(
        timezone.now().timestamp(), abs=15
    )


def daily_check() -> str:
    job = enqueue(kind=reaper.DAILY_KIND, by=None, study=None, params={})
    return str(run_now(job).state)


@pytest.mark.django_db
def test_backups_and_the_disk_are_told(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BACKUP_HOURS = 6.0
    found = figures()
    assert found["consilium_backup_last_timestamp_seconds",] == found["consilium_backup_failed",] == 0
    note_figure(BACKUP_LACKS, 2)
    usage = SimpleNamespace(total=1000, free=50)
    monkeypatch.setattr("dashboard.metrics.site_figures.shutil.disk_usage", lambda path: usage)
    found = figures()
    assert found["consilium_backup_last_timestamp_seconds",] == pytest.approx(
        timezone.now().timestamp(), abs=15
    )
    assert found["consilium_backup_missing_files",] == 2
    assert found["consilium_backup_interval_seconds",] == 6 * 3600
    assert (found["consilium_disk_free_bytes",], found["consilium_disk_total_bytes",]) == (50, 1000)


@pytest.mark.django_db
def test_a_vote_is_counted_by_kind_and_its_response_by_route(cast: Cast) -> None:
    making.opened(cast, questions=1)
    client = Client()
    client.force_login(cast.ben)
    token = making.claim(cast.study, cast.ben).token
    body = {"content": making.content(), "key": "6f2b0c1e-3f7e-4d0a-9d9b-0d2b6d1c7a11", "active_seconds": 3}
    sent = client.post(f"/work/{token}/submit/", body | {"base_version": 0}, "application/json")
    assert sent.status_code == 200
    client.get("/s/no-such-study/")
    client.get("/Mueller-Johann/")
    text = scrape()
    found = figures(text)
    assert found["consilium_submissions_total", "compare"] == 1
    assert found["consilium_submissions_total", "screen"] == 0
    assert found["consilium_response_seconds_count", "work:submit", "2xx"] == 1
    assert found["consilium_response_seconds_count", "site:study", "4xx"] == 1
    assert found["consilium_response_seconds_count", "none", "4xx"] == 1
    assert 0 < found["consilium_response_seconds_sum", "work:submit", "2xx"] < 60
    for private in (str(token), "no-such-study", "Mueller", cast.study.slug, cast.ben.username, "/"):
        assert not [line for line in text.splitlines() if line[:1] != "#" and f'"{private}' in line], private


@pytest.mark.django_db
def test_a_scrape_costs_few_queries_however_much_there_is(cast: Cast) -> None:
    scrape()
    making.opened(cast, questions=6)
    with kind(lambda job: {}):
        for _ in range(30):
            enqueue(kind="test.job", by=None, study=None, params={})
    with CaptureQueriesContext(connection) as sent:
        scrape()
    assert len(sent) == 7, [one["sql"] for one in sent]


def test_a_histogram_adds_up_over_processes_and_outlives_them(tmp_path: Path) -> None:
    note_in_processes(tmp_path, "times.response_times.note('a', '2xx', 0.3); time.sleep(0)")
    first = files(tmp_path)
    assert len(first) == 1
    kill = "times.response_times.note('a', '2xx', 0.02); os.kill(os.getpid(), 9)"
    note_in_processes(tmp_path, kill)  # takes the file over that nobody holds any more
    assert files(tmp_path) == first
    assert (tmp_path / "metrics" / first.pop()).stat().st_size == times.ROW.size  # one row, gone on with
    mine, other = times.ResponseTimes(), times.ResponseTimes()
    mine.note("a", "2xx", 20.0)
    other.note("a", "2xx", 0.25)  # the bound itself belongs to its bucket
    other.note("b", "5xx", 0.001)
    assert len(files(tmp_path)) == 2
    samples = {
        (one.name.removeprefix("consilium_response_seconds_"), *one.labels.values()): one.value
        for one in mine.collect().samples
    }
    bounds = {"0.01": 0, "0.025": 1, "0.1": 1, "0.25": 2, "0.5": 3, "10.0": 3, "+Inf": 4}
    assert {bound: samples["bucket", "a", "2xx", bound] for bound in bounds} == bounds
    assert samples["count", "a", "2xx"] == 4
    assert samples["sum", "a", "2xx"] == pytest.approx(20.57)
    assert samples["bucket", "b", "5xx", "0.01"] == samples["count", "b", "5xx"] == 1


def note_in_processes(home: Path, program: str) -> None:
    """Run a line in a process of its own, as a web process that ends."""
    before = (
        "import os, time; from django.conf import settings;"
        f"settings.configure(CONSILIUM_HOME={str(home)!r});"
        "from dashboard.metrics import response_times as times;"
    )
    subprocess.run([sys.executable, "-c", before + program], cwd=ROOT, check="kill" not in program)


def files(home: Path) -> set[str]:
    return {path.name for path in (home / "metrics").iterdir()}


def test_files_of_other_hosts_and_versions_go_unless_somebody_counts_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    own = f"{times._host()}.0."
    for name in ("gone-host.0.168.counts", f"{own}8.counts", "living-host.0.168.counts"):
        (folder / name).write_bytes(b"")
    with (folder / "living-host.0.168.counts").open() as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        times.ResponseTimes().note("a", "2xx", 1)
    assert files(tmp_path) == {"living-host.0.168.counts", own + times.FORM}


def test_a_full_disk_or_a_locked_folder_stops_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    counts = times.ResponseTimes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        counts.note("a", "2xx", 1)
        counts.note("b", "2xx", 1)
    counts.note("b", "2xx", 1)  # the row of `a` is a hole in the file now
    total = {one.labels["route"]: one.value for one in counts.collect().samples if one.name.endswith("count")}
    assert total == {"b": 2}
    (path,) = (tmp_path / "metrics").iterdir()
    os.truncate(path, times.ROW.size * 2 - 9)
    assert list(times.read_rows(path.read_bytes())) == []
    monkeypatch.setattr(times, "_take_file", full)
    alone = times.ResponseTimes()
    alone.note("c", "2xx", 1)
    assert [one.value for one in alone.collect().samples if one.labels["route"] == "c"][-2:] == [1, 1]


def names_of_routes(patterns: list[Any], space: str = "") -> set[str]:
    found = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= names_of_routes(
                pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space
            )
        elif isinstance(pattern, URLPattern):
            found.add(f"{space}{pattern.name}")
    return found


def test_every_route_has_a_name_that_its_row_holds() -> None:
    names = names_of_routes(get_resolver().url_patterns)
    assert {"work:submit", "site:metrics", "account_login"} < names
    longest = times.NAME_BYTES - len(" 2xx")
    assert [name for name in names if name.endswith("None") or len(name) > longest] == []


def test_a_request_pays_next_to_nothing() -> None:
    counts = times.ResponseTimes()
    for number in range(120):
        counts.note(f"room:route-{number}", "2xx", 0.01)

    def thousand() -> float:
        started = process_time()
        for _ in range(1000):
            counts.note("room:route-60", "2xx", 0.03)
        return process_time() - started

    assert min(thousand() for _ in range(8)) / 1000 < 50e-6  # measured 2; a vote takes 4,000


@pytest.mark.django_db(transaction=True)
def test_rules_and_panels_use_figures_that_there_are(cast: Cast) -> None:
    daily_check()
    Client().get("/healthz")
    known = {name for name, *_ in figures()} | {"up"}
    groups = yaml.safe_load((ROOT / "docs" / "deploy" / "alerts.yml").read_text())["groups"]
    rules = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
    board = json.loads((ROOT / "docs" / "deploy" / "grafana.json").read_text())
    panels = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert len(rules) == 11
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) == 15
    for name, expression in (rules | panels).items():
        used = set(re.findall(r"\b(?:consilium_\w+|up)\b", expression.replace('"consilium"', "")))
        assert used, name
        assert used <= known, name
    used_at_all = " ".join([*rules.values(), *panels.values()])
    asked = {name.removesuffix("_bucket") for name in known}
    assert [name for name in asked if name not in used_at_all and not name.endswith("_created")] == []
