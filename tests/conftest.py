"""The fixed cast and the rules every test lives by."""

import gc
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.base.operations import BaseDatabaseOperations

from consilium.audit import protection
from consilium.rates import buckets
from curation.imaging import child_process
from tests.factories.cast import Cast, make_cast
from tests.harness import forked
from tests.harness.confined import ConfinedServer

pytest_plugins = [
    "tests.harness.once",
    "tests.harness.servers",
    "tests.harness.browsers",
    "tests.harness.object_store",
]


# Tests of the confined processes themselves, and of what attacks them.
REAL_PROCESSES = (
    *(f"tests/curation/imaging/test_{name}.py" for name in ("deidentification", "hostile", "sandbox")),
    *(f"tests/curation/imaging/test_{name}.py" for name in ("system_calls", "walls")),
    *("tests/curation/gate/", "tests/curation/imports/test_walls.py", "tests/dashboard/test_checks.py"),
)
# Files that share tiny models stay in one worker each, and start first.
HEAVY = {
    "tests/path/": "path",
    "tests/training/job/": "training_job",
    "tests/training/": "training",
    "tests/curation/layouts/test_trainers.py": "training_job",
}


# They start in this order: `training_job` copies a model that `path` builds meanwhile.
GROUPS = ("path", "training", "training_job")
# Files that take long come next, the longest first.
LONG = (
    "tests/browser/",
    "tests/workqueue/test_in_browser.py",
    "tests/audit/test_protection.py",
    "tests/jobs/test_worker_signals.py",
    "tests/curation/imaging/test_viewer.py",
    "tests/annotation/test_in_browser.py",
    "tests/annotation/test_turning_in_browser.py",
    "tests/dashboard/test_up.py",
    "tests/dashboard/test_access.py",
)


def heavy_group(nodeid: str) -> str:
    """The group of a heavy file; nothing for others."""
    return next((group for folder, group in HEAVY.items() if nodeid.startswith(folder)), "")


def pytest_configure(config: pytest.Config) -> None:
    """Several workers share the processes that fork: each would import the same for six seconds.

    Those of the whole suite come from one themselves; a few files may need none of what it imports.
    """
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput"):
        return
    for server in forked.SERVERS:
        server.share()
    if config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        python = shlex.join(forked.trainers.command())
        config.option.tx = [spec.replace("popen", f"popen//python={python}") for spec in config.option.tx]


def pytest_unconfigure() -> None:
    """The processes that fork end, and with them all that they still have."""
    for server in forked.SERVERS:
        server.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Heavy tests and long files start first, so that no worker is left alone with them at the end."""

    def place(item: pytest.Item) -> int:
        if group := heavy_group(item.nodeid):
            return GROUPS.index(group)
        long = (number for number, file in enumerate(LONG, len(GROUPS)) if item.nodeid.startswith(file))
        return next(long, len(GROUPS) + len(LONG))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector took an eighth of a run's time to look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several workers a file stays whole in one of them, and so does a group of heavy files.

    Groups of xdist's own are not used: with pytest 9.2 it passes over them in silence.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return heavy_group(nodeid) or nodeid.split("::", maxsplit=1)[0]

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def _flush_may_pass_the_triggers() -> Iterator[None]:
    """Test databases are emptied between transactional tests: append-only tables let only that pass."""
    original = BaseDatabaseOperations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, sql_list: Any) -> None:
        for refusal in protection.declared():
            refusal.remove(self.connection)
        original(self, sql_list)
        protection.restore(self.connection)

    BaseDatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]
    yield
    BaseDatabaseOperations.execute_sql_flush = original  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def _forking() -> Iterator[ConfinedServer]:
    server = ConfinedServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _confined_processes_are_forked(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _forking: ConfinedServer
) -> None:
    if not request.node.nodeid.startswith(REAL_PROCESSES):
        monkeypatch.setattr(child_process, "_start", _forking.start)


@pytest.fixture(autouse=True)
def _anchors_of_one_test_alone() -> Iterator[None]:
    """Anchors lie in files: those of a test whose rows are gone would contradict the next one's."""
    yield
    shutil.rmtree(Path(settings.CONSILIUM_HOME) / "anchors", ignore_errors=True)


@pytest.fixture(autouse=True)
def _nobody_has_done_anything_yet() -> None:
    """The limits per person count in this process, where every test has the same people."""
    buckets.clear()


@pytest.fixture
def cast(db: None) -> Cast:
    """One study with its people: see tests/factories/cast.py."""
    return make_cast()
