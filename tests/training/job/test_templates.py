"""Chat templates that loop, grow or fail are refused before training renders them."""

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from tests.training.job.release import write_release
from training.demo_models import corpus, model, teaching_set
from training.job import data
from training.job.data import Sample
from training.job.spec import SpecError
from training.job.templates import Limits, check_template

QUICK = Limits(seconds=1, seconds_each=0.0, memory=64 << 20)
LOOP = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
GROWTH = (
    "{% set kept = namespace(text='x' * 1000) %}"
    "{% for a in range(40) %}{% set kept.text = kept.text ~ kept.text %}{% endfor %}"
)


@pytest.fixture(scope="module")
def processor() -> Any:
    return model.build_processor(corpus.vocabulary(teaching_set.make(8, seed=0)))


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return data.load(write_release(tmp_path, 8))


def test_an_honest_template_passes_and_leaves_no_limit_behind(processor: Any, samples: list[Sample]) -> None:
    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
    check_template(processor, samples, ("differential", "bayesian"))
    assert [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)] == before


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (LOOP, "takes more time or memory than it may"),
        (GROWTH, "fails on the rows of this release"),
        ("{{ 'x' * 2000000 }}", "writes far more than it is given"),
        ("{% for m in messages %}{{ m.content[-1].text * 1000 }}{% endfor %}", "writes far more than it is"),
        ("{{ raise_exception('no system turn') }}", "fails on the rows of this release"),
        ("{{ messages[0]['content'] + 1 }}", "fails on the rows of this release"),
        ("{% if messages | length > 1 %}" + LOOP + "{% endif %}", "takes more time or memory than it may"),
        ("{% if 'posterior' in messages[0].content[-1].text %}" + LOOP + "{% endif %}", "takes more time"),
    ],
    ids=["loop", "growth", "output", "copies", "raise", "error", "only with a reply", "only of a paradigm"],
)
def test_a_template_that_does_harm_is_refused(
    processor: Any, samples: list[Sample], template: str, fault: str
) -> None:
    processor.chat_template, honest = template, processor.chat_template
    begun = time.monotonic()
    try:
        with pytest.raises(SpecError, match=f"base: its chat template {fault}"):
            check_template(processor, samples, ("bayesian",), QUICK)
    finally:
        processor.chat_template = honest
    assert time.monotonic() - begun < 20


def test_a_template_that_waits_is_ended(samples: list[Sample]) -> None:
    class Waiting:
        def apply_chat_template(self, *_: Any, **__: Any) -> str:
            time.sleep(60)
            return ""

    with pytest.raises(SpecError, match="takes more time or memory"):
        check_template(Waiting(), samples, limits=Limits(seconds=0, seconds_each=0.0))


def test_every_base_of_the_tests_has_a_template_that_passes(samples: list[Sample], tmp_path: Path) -> None:
    """Of the shape of Qwen2.5-VL as well, whose template counts its pictures."""
    from perf.gpu_model import SHAPES, build
    from training.job.models import load_processor

    build(tmp_path / "qwen", SHAPES["tiny"])
    check_template(load_processor(tmp_path / "qwen"), samples, ("differential",))
