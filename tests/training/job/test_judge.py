"""The judge of GBA: asked through the run's folder, counted where it fails, and what its scores add."""

import io
import json
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.harness.servers import wait_until
from tests.training.job.conftest import gba_spec
from tests.training.job.process import Event, run_stage
from training.job.__main__ import run_safely
from training.job.judge import (
    ASKED,
    LAST,
    TOLD,
    Judge,
    JudgedAnswer,
    JudgeLost,
    Scores,
    asked_answers,
    tell_scores,
)
from training.job.judge_terms import centred_score, paradigm_bonus
from training.job.kept_samples import SAMPLES
from training.job.progress import Progress
from training.job.spec import parse_spec
from training.job.stop_flag import StopFlag, Stopped

NAN = float("nan")
GOOD: Scores = {"differential": 4}


class Desk(threading.Thread):
    """Answers one question of a training process."""

    def __init__(self, out: Path, scores: list[Scores | None]) -> None:
        super().__init__(daemon=True)
        self._out, self._scores = out, scores
        self.asked: list[JudgedAnswer] = []
        self.mode = 0

    def run(self) -> None:
        wait_until((self._out / ASKED).exists, seconds=30, what="something is asked")
        self.asked = asked_answers(self._out)
        self.mode = stat.S_IMODE((self._out / ASKED).stat().st_mode)
        tell_scores(self._out, self._scores)


def judge_of(out: Path, events: io.StringIO | None = None, seconds: float = 30.0) -> Judge:
    return Judge("Reader 7B", out, Progress(events), StopFlag(), seconds)


def test_scores_come_through_the_folder_and_nothing_stays_there(tmp_path: Path) -> None:
    events = io.StringIO()
    desk = Desk(tmp_path, [GOOD, None, {"bayesian": 1, "analytical": 5}])
    desk.start()
    answers = [JudgedAnswer(f"trace-{number}", f"<think>a secret {number}") for number in range(3)]
    found = judge_of(tmp_path, events).scores(4, answers)
    desk.join()
    assert found == [GOOD, None, {"bayesian": 1, "analytical": 5}]
    assert (desk.asked, desk.mode) == (answers, 0o600)
    assert json.loads(events.getvalue()) == {"event": "judge", "step": 4, "asked": 3}
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_process_left_is_no_answer(tmp_path: Path) -> None:
    tell_scores(tmp_path, [GOOD])
    with pytest.raises(JudgeLost):
        judge_of(tmp_path, seconds=0.0).scores(1, [JudgedAnswer("t", "x")])
    assert not (tmp_path / TOLD).exists()


def test_nobody_is_asked_for_nothing(tmp_path: Path) -> None:
    events = io.StringIO()
    assert judge_of(tmp_path, events).scores(1, []) == []
    assert events.getvalue() == ""


def test_a_stop_ends_the_wait(tmp_path: Path) -> None:
    flag = StopFlag()
    flag.wanted = True
    with pytest.raises(Stopped) as stopped:
        Judge("Reader 7B", tmp_path, Progress(None), flag).scores(8, [JudgedAnswer("t", "x")])
    assert stopped.value.step == 7


class Answered(Judge):
    """Waits for nobody."""

    def __init__(self, out: Path, outcomes: Iterator[list[Scores | None]]) -> None:
        super().__init__("Reader 7B", out, Progress(None), StopFlag())
        self._ready = outcomes

    def _wait(self, step: int, count: int) -> list[Scores | None]:
        return next(self._ready)


def test_a_run_fails_by_name_when_most_of_the_last_calls_failed(tmp_path: Path) -> None:
    fine: list[Scores | None] = [GOOD] * 8
    half: list[Scores | None] = [GOOD, None] * 4
    lost: list[Scores | None] = [None] * 8
    judge = Answered(tmp_path, iter([half, *[fine] * 20, *[lost] * 8]))
    answers = [JudgedAnswer("t", "x")] * 8
    for step in range(1, 22):
        judge.scores(step, answers)  # half of the calls may fail, and an old good time counts no longer
    for step in range(22, 26):
        judge.scores(step, answers)
    named = f"step 26: the judge Reader 7B gave no readable scores for 40 of the last {LAST} answers."
    with pytest.raises(JudgeLost, match=named):
        judge.scores(26, answers)


def test_a_bonus_compares_right_answers_within_each_paradigm() -> None:
    scores = torch.tensor([[[1.0, 5.0], [3.0, 5.0], [5.0, NAN], [5.0, 1.0]]])
    is_right = torch.tensor([[True, True, True, False]])
    found = paradigm_bonus(scores, is_right)
    # 1, 3, 5 in the first paradigm; equal scores in the second; the wrong answer's do not count.
    z = 2 / (2 + 1e-4)
    assert found[0].tolist() == pytest.approx([-z / 2, 0.0, z / 2, 0.0])


@pytest.mark.parametrize("right", [0, 1])
def test_a_bonus_needs_two_right_answers(right: int) -> None:
    is_right = torch.zeros(1, 4, dtype=torch.bool)
    is_right[0, :right] = True
    assert paradigm_bonus(torch.rand(1, 4, 4), is_right).tolist() == [[0.0] * 4]


@pytest.mark.parametrize("count", [2, 8, 26])
def test_the_bonus_puts_no_right_answer_below_a_wrong_one(count: int) -> None:
    """Right without the format earns 1, wrong with it 0.5."""
    scores = torch.full((1, count, 4), 5.0)
    scores[0, 0] = 1.0
    least = float(paradigm_bonus(scores, torch.ones(1, count, dtype=torch.bool)).min())
    assert 1 + 0.1 * least > 0.5


def test_a_missing_score_is_the_mean_and_not_zero() -> None:
    found = centred_score(torch.tensor([[0.25, 0.75, NAN], [NAN, NAN, NAN]]))
    assert found.tolist() == [[-0.25, 0.25, 0.0], [0.0, 0.0, 0.0]]


def run_with(bench: Path, out: Path, scores: Scores | None) -> tuple[int, list[dict[str, object]], str]:
    """Exit status, events and told paradigm of a whole run in this process, whose judge always says this."""
    asked = gba_spec(
        bench, "unused", bench, judge="Reader 7B", judge_weight=0.5, max_steps=1, samples_per_step=1,
        micro_batch=8, max_new_tokens=8, start_from="base",
    )  # fmt: skip
    spec = parse_spec(asked | {"experts": [], "out": str(out)})
    out.mkdir()
    events, desk = io.StringIO(), Desk(out, [scores] * 8)
    desk.start()
    status = run_safely(lambda: spec, Progress(events), StopFlag())
    desk.join()
    assert len({answer.row for answer in desk.asked}) == 1
    assert len(desk.asked) == 8
    return status, [json.loads(line) for line in events.getvalue().splitlines()], desk.asked[0].row


def test_a_whole_run_asks_its_judge_or_fails_by_name(bench: Path, tmp_path: Path) -> None:
    status, events, row = run_with(bench, tmp_path / "judged", {"differential": 5, "bayesian": 2})
    assert (status, [event["event"] for event in events][:3]) == (0, ["start", "judge", "step"])
    step = events[2]
    assert (step["differential/judge/mean"], step["bayesian/judge/mean"]) == (5.0, 2.0)
    # A score for two of the paradigms is a score; the two others have none.
    assert (step["judge/missing"], step["judge/mean"]) == (0.0, 3.5)
    assert "intuitive/judge/mean" not in step
    sample = json.loads((tmp_path / "judged" / SAMPLES).read_text().splitlines()[0])
    assert (sample["row"], sample["judge"]) == (row, 5.0)
    assert not any((tmp_path / "judged" / name).exists() for name in (ASKED, TOLD))

    status, events, _ = run_with(bench, tmp_path / "lost", None)
    assert (status, events[-1]["event"]) == (1, "failed")
    told = str(events[-1]["message"])
    assert told.startswith("step 1: the judge Reader 7B gave no readable scores for 8 of the last 8 answers.")
    assert not (tmp_path / "lost" / "model").exists()


@pytest.mark.soak
def test_killed_while_it_waits_for_its_judge_a_run_ends_bit_identical(bench: Path) -> None:
    """The judge says the same again, as stored replies do."""

    def spec_of(name: str) -> dict[str, object]:
        settings = {"judge": "Reader 7B", "judge_weight": 0.5, "max_steps": 3, "start_from": "base"}
        return gba_spec(bench, name, bench, **settings) | {"experts": []}

    def answering(out: Path, killed_at: int) -> Callable[[Event], bool]:
        def when(event: Event) -> bool:
            if event["event"] != "judge":
                return False
            if event["step"] == killed_at:
                return True
            asked = asked_answers(out)
            tell_scores(out, [{"differential": 1 + len(answer.text) % 5} for answer in asked])
            return False

        return when

    whole, torn = spec_of("judged_whole"), spec_of("judged_torn")
    events, status = run_stage(whole, answering(Path(str(whole["out"])), 0))
    assert status == 0
    _, status = run_stage(torn, answering(Path(str(torn["out"])), 3))
    assert status == -signal.SIGKILL
    assert (Path(str(torn["out"])) / ASKED).exists()
    resumed, status = run_stage(torn, answering(Path(str(torn["out"])), 0))
    assert (status, resumed[0]["resumed_from"]) == (0, 2)
    assert resumed[-1]["artifacts"] == events[-1]["artifacts"]
    samples = [(Path(str(spec["out"])) / SAMPLES).read_text() for spec in (whole, torn)]
    assert samples[0] == samples[1]
    assert not (Path(str(torn["out"])) / ASKED).exists()
