"""A reward model that was trained here judges a release: one score an answer, both orders, the board."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings

from benchmark.leaderboard import judge_lines
from benchmark.models import Verdict
from benchmark.report.figures import judge_report
from consilium.answers import solver_prompt
from consilium.blobs.store import read_blob
from consilium.inference import model_server, ports
from consilium.inference.endpoints import add_endpoint
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.statistics.undefined import Undefined
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.training.job.conftest import Finished
from training.job.reward_scorer import RewardScorer
from training.job.reward_server import RewardServer, load_scorer

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward_model(cast: Cast, judges: dict[str, Finished]) -> Iterator[ModelEndpoint]:
    place = settings.MODELS_FOLDER / "reward"
    shutil.copytree(judges["reward_model"].out / "model", place)
    yield add_endpoint(name="reward", by=cast.lena, study=cast.study, path="reward")
    shutil.rmtree(place)


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[RewardServer]:
    """The server of the process, without a process."""
    held, over = ports.held_port(), Event()
    address = f"http://{ports.LOOPBACK}:{held.getsockname()[1]}/v1"
    server = RewardServer(held, 0.05, load_scorer)

    def score_server_address(check: Callable[[], None]) -> str:
        return address

    monkeypatch.setattr(model_server, "score_server_address", score_server_address)

    def serve() -> None:
        while not over.is_set():
            server.handle_request()

    thread = Thread(target=serve)
    thread.start()
    yield server
    over.set()
    thread.join()
    server.server_close()


def expected_scores(release: Release, folder: Path) -> list[tuple[float, float]]:
    """Of answer A and answer B of each case, by the scorer itself."""
    scorer = RewardScorer(folder, "cpu")
    blobs = dict(ReleaseFile.objects.filter(release=release).values_list("path", "blob_id"))
    found = []
    for row in rows_of(release).values_list("content", flat=True):
        prompt = solver_prompt.question_block(row["question"], row["options"])
        one, two = (
            scorer.score(prompt, row[name], [io.BytesIO(read_blob(blobs[path])) for path in row["images"]])[0]
            for name in ("answer_a", "answer_b")
        )
        found.append((one, two))
    return found


def check_verdicts(release: Release, reward_model: ModelEndpoint) -> None:
    """Both orders are there with the scores of the model and no other dimension."""
    wanted = expected_scores(release, settings.MODELS_FOLDER / reward_model.path)
    for row, (one, two) in zip(rows_of(release), wanted, strict=True):
        forward, backward = Verdict.objects.filter(row_id=row.row_id).order_by("order")
        assert (float(forward.reply.text), float(backward.reply.text)) == pytest.approx((one, two), abs=1e-5)
        assert forward.parsed == {"overall": "A" if one > two else "B"}
        assert backward.parsed == {"overall": "B" if one > two else "A"}
        stated = [(verdict.probabilities or {})["overall"] for verdict in (forward, backward)]
        assert sum(stated) == pytest.approx(1)
        assert (stated[0] > 0.5) == (one > two)


def test_a_reward_model_judges_by_two_passes_a_case(
    cast: Cast, reward_model: ModelEndpoint, in_thread: RewardServer
) -> None:
    assert (reward_model.gives_scores, reward_model.scored_dimension) == (True, "overall")
    release = making.preferences(cast, "AABB")
    (made,) = making.launched(cast, release, reward_model)
    job = run_now(made.job)
    assert (job.state, job.error, job.result) == (JobState.SUCCEEDED, "", {"verdicts": 8})
    assert Reply.objects.filter(endpoint=reward_model).count() == 8
    assert Reply.objects.filter(endpoint=reward_model, prompt_tokens__gt=20, completion_tokens=0).count() == 8
    check_verdicts(release, reward_model)
    (again,) = making.launched(cast, release, reward_model)
    assert run_now(again.job).state == JobState.SUCCEEDED
    assert Reply.objects.filter(endpoint=reward_model).count() == 8
    made.refresh_from_db()
    assert made.run_card["scored_dimension"] == "overall"

    writes = making.judged(cast, release, making.endpoint("words"), [("A", "B")] * 4)
    lines = {line.evaluation.endpoint.name: line for line in judge_lines(release)}
    assert all(line.is_ranked and not isinstance(line.rank, Undefined) for line in lines.values())
    assert lines["words"].evaluation == writes
    own = lines["reward"]
    assert (own.overall.cases, own.overall.position_consistency, own.overall.invalid_rate) == (4, 1.0, 0.0)
    # It was never asked about the others: that is neither right nor wrong.
    assert {(row.cases, row.coverage) for row in own.rows[:-1]} == {(0, 0.0)}
    assert all(isinstance(row.accuracy.value, Undefined) for row in own.rows[:-1])
    report = judge_report(release, replicates=100)
    assert {one.name for one in report.judges if one.is_ranked} == {"words", "reward"}
    assert report.costs[str(again.pk)].calls == 8
    assert report.comparisons["accuracy"][0].comparison.cases == 0
    assert report.comparisons["overall"][0].comparison.cases == 4


@pytest.mark.soak
def test_the_process_of_the_worker_serves_it_alike(cast: Cast, reward_model: ModelEndpoint) -> None:
    release = making.preferences(cast, "AABB")
    (made,) = making.launched(cast, release, reward_model)
    try:
        job = run_now(made.job)
    finally:
        model_server.stop()
    assert (job.state, job.error, job.result) == (JobState.SUCCEEDED, "", {"verdicts": 8})
    check_verdicts(release, reward_model)
