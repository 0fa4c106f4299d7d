"""What teaching does to the tiny models, as anybody sees it who starts the stages.

Three seeds, paired intervals over questions and seeds; `pytest -m soak -s` of this file prints the figures.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from consilium.answers import solver_prompt, think_answer
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.verdicts import OVERALL, parse_verdict
from consilium.statistics.intervals import Interval
from consilium.statistics.seeded import SeededDifference, difference_over_seeds
from tests.training.job.conftest import Finished, finish
from tests.training.job.generating import replies_of
from tests.training.job.release import write_preferences, write_release
from training.demo_models import teaching_set
from training.demo_models.teaching_set import TeachingItem, demo_settings, visible_settings
from training.job.pairs import OTHER, PreferencePair
from training.job.preferences import load_pairs
from training.job.rewards import is_right
from training.job.spec import GbaSettings, parse_settings

SEEDS = (1, 2, 3)
# Those of the demo study, with as many traces and test questions.
TAUGHT = ("pediatrics", "brain_senses")
TRACES, QUESTIONS, CASES = 96, 24, 120
QUARTER = 4
JUDGES = ("judge_sft", "judge_dpo")
Scores = list[list[float]]


def as_shown(item: TeachingItem, finding: str) -> str:
    """The right answer as the demo's teacher writes, a wrong one as its second model does."""
    letter = next(letter for letter, text in item.options.items() if text == finding)
    if finding == item.answer:
        trace = teaching_set.trace_text(
            colour=item.colour, specialty=item.specialty, finding=finding, letter=letter
        )
    else:
        trace = teaching_set.brief_text(colour=item.colour, finding=finding, letter=letter)
    parsed = think_answer.parse_think_answer(trace)
    return f"{parsed.thinking}\n\nAnswer: {parsed.answer}"


class Taught:
    """The runs of every seed, made when asked for."""

    def __init__(self, bench: Path) -> None:
        self.base = bench / "models" / "base"
        self._bench = bench
        self._traces = write_release(bench / "taught", TRACES, specialties=TAUGHT)
        self._preferences = write_preferences(bench / "shown", CASES, answer=as_shown)

    def run(self, stage: str, seed: int, **given: Any) -> Finished:
        name = "_".join(filter(None, ("taught", stage, given.get("specialty"), str(seed))))
        data = self._preferences if stage in JUDGES else self._traces
        settings = visible_settings()[stage] | {"checkpoint_every": 1000}
        shared = {"stage": stage, "base": str(self.base), "data": str(data), "seed": seed, "device": "cpu"}
        return finish({**shared, "out": str(self._bench / name), "settings": settings, **given})

    def answers(self, folder: Path, specialty: str) -> list[float]:
        """Which test questions of the specialty the model in `folder` answers rightly."""
        items = teaching_set.make(QUESTIONS, seed=4711, specialties=[specialty])
        asked = [("", item.image_png, solver_prompt.build(item.question, item.options)) for item in items]
        replies = replies_of(folder, asked, 64)
        return [
            float(is_right(reply, item.answer_label, "ABCD"))
            for reply, item in zip(replies, items, strict=True)
        ]


@pytest.fixture(scope="module")
def taught(bench: Path) -> Taught:
    return Taught(bench)


@pytest.fixture(scope="module")
def experts(taught: Taught) -> dict[str, list[Finished]]:
    return {name: [taught.run("dsa", seed, specialty=name) for seed in SEEDS] for name in TAUGHT}


def gain(what: str, first: Scores, second: Scores) -> float:
    """The lower end of the difference's interval; the figures are printed."""
    found = difference_over_seeds(first, second)
    assert isinstance(found, SeededDifference)
    assert isinstance(found.interval, Interval)
    by_seed = ", ".join(f"{one:+.3f}" for one in found.by_seed)
    low, high = found.interval.low, found.interval.high
    print(f"\n{what}: {found.difference:+.3f} [{low:+.3f}, {high:+.3f}], by seed {by_seed}")  # noqa: T201
    return low


def quarters(rewards: Sequence[float]) -> tuple[list[float], list[float]]:
    """Of the rewards of a run's steps the first quarter and the last."""
    size = len(rewards) // QUARTER
    return list(rewards[:size]), list(rewards[-size:])


def verdicts(folder: Path, pairs: Sequence[PreferencePair]) -> list[float]:
    """Each case's score as the benchmark gives it: how often in both orders the overall verdict is right.

    What cannot be read is wrong.
    """
    asked, wanted = zip(*_asked(pairs), strict=True)
    replies = replies_of(folder, asked, 96)
    right = [
        parse_verdict(reply).verdicts[OVERALL] == letter
        for reply, letter in zip(replies, wanted, strict=True)
    ]
    return [(one + two) / 2 for one, two in zip(right[::2], right[1::2], strict=True)]


def _asked(pairs: Sequence[PreferencePair]) -> Iterator[tuple[tuple[str, bytes, str], str]]:
    for pair in pairs:
        for order in ORDERS:
            prompt, label = pair.asked(order), pair.labels[OVERALL]
            asked = (prompt.text_before_image, pair.images[0].read_bytes(), prompt.text_after_image)
            yield asked, label if order == ORDERS[0] else OTHER[label]


def test_the_longer_preset_changes_gba_alone_and_has_whole_quarters_to_compare() -> None:
    demo, visible = demo_settings(), visible_settings()
    assert {stage for stage in demo if demo[stage] != visible[stage]} == {"gba"}
    settings = parse_settings("gba", visible["gba"])
    assert isinstance(settings, GbaSettings)
    assert settings.max_steps % QUARTER == 0
    # Every trace is answered at least once.
    assert settings.max_steps * settings.samples_per_step >= TRACES
    assert quarters(range(settings.max_steps)) == ([*range(6)], [*range(18, 24)])


def test_a_right_answer_is_shown_as_the_teacher_writes_and_a_wrong_one_as_the_second_model(
    tmp_path: Path,
) -> None:
    for pair in load_pairs(write_preferences(tmp_path / "shown", 8, answer=as_shown)):
        better, worse = pair.answers_by_worth(OVERALL)
        assert better.startswith("The image is mostly ")
        assert worse.startswith("Seen: ")
        assert better[-1] != worse[-1]
        (_, forward), (_, backward) = _asked([pair])
        assert {forward, backward} == {"A", "B"}


@pytest.mark.soak
def test_each_expert_beats_the_base_on_its_own_questions(
    taught: Taught, experts: dict[str, list[Finished]]
) -> None:
    for name, runs in experts.items():
        own = [taught.answers(run.out / "model", name) for run in runs]
        assert gain(f"expert of {name}, test questions", own, [taught.answers(taught.base, name)]) > 0


@pytest.mark.soak
def test_the_reward_of_gba_rises(taught: Taught, experts: dict[str, list[Finished]]) -> None:
    early, late = [], []
    for place, seed in enumerate(SEEDS):
        folders = [str(runs[place].out) for runs in experts.values()]
        steps = [
            event for event in taught.run("gba", seed, experts=folders).events if event["event"] == "step"
        ]
        first, last = quarters([event["reward"] for event in steps])
        early.append(first)
        late.append(last)
    assert gain("GBA's reward, last against first quarter of its steps", late, early) > 0


@pytest.mark.soak
@pytest.mark.parametrize("stage", JUDGES)
def test_a_judge_beats_its_base_on_held_out_pairs(taught: Taught, bench: Path, stage: str) -> None:
    pairs = load_pairs(write_preferences(bench / "held_out_pairs", 40, seed=11, answer=as_shown))
    runs = [taught.run(stage, seed) for seed in SEEDS]
    likelier = [run.events[-1]["metrics"] for run in runs]
    # Each seed holds out others: the share alone, twice, leaves the t interval of the seeds.
    before, after = (
        [[told[name]] * 2 for told in likelier] for name in ("held_out_accuracy_of_base", "held_out_accuracy")
    )
    assert gain(f"{stage}, verdict likelier on its own held-out pairs", after, before) > 0
    own = [verdicts(run.out / "model", pairs) for run in runs]
    assert gain(f"{stage}, verdicts on new pairs", own, [verdicts(taught.base, pairs)]) > 0
