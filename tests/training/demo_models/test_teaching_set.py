"""The teaching set: deterministic, answerable from the image alone, no two images alike."""

import io
import subprocess
import sys
from collections import Counter

import pytest
from PIL import Image

from consilium.answers import think_answer
from consilium.answers.steps import split_steps
from training.demo_models import teaching_set


def test_same_seed_same_bytes_other_seed_other_images() -> None:
    first, again, other = teaching_set.make(16, 1), teaching_set.make(16, 1), teaching_set.make(16, 2)
    assert first == again
    assert not {item.image_png for item in first} & {item.image_png for item in other}
    assert len({item.image_png for item in teaching_set.make(200, 1)}) == 200


def test_specialties_colours_and_letters_are_balanced() -> None:
    items = teaching_set.make(320, 3)
    assert set(Counter((item.specialty, item.colour) for item in items).values()) == {20}
    assert min(Counter(item.answer_label for item in items).values()) > 50


def test_the_gold_answer_follows_from_the_colour_and_not_from_the_text() -> None:
    for item in teaching_set.make(64, 4):
        assert item.answer == teaching_set.FINDINGS[item.specialty][item.colour]
        assert item.colour not in item.question
        assert not any(finding in item.question for finding in item.options.values())
        pixel = Image.open(io.BytesIO(item.image_png)).resize((1, 1)).getpixel((0, 0))
        assert isinstance(pixel, tuple)
        nearest = min(
            teaching_set.COLOURS,
            key=lambda name: sum(
                (a - b) ** 2 for a, b in zip(teaching_set.COLOURS[name], pixel, strict=True)
            ),
        )
        assert nearest == item.colour


def test_perceptual_hashes_differ() -> None:
    def average_hash(png: bytes) -> int:
        grey = list(Image.open(io.BytesIO(png)).convert("L").resize((8, 8)).tobytes())
        return sum(1 << place for place, value in enumerate(grey) if value > sum(grey) / 64)

    hashes = [average_hash(item.image_png) for item in teaching_set.make(60, 5)]
    distances = [(a ^ b).bit_count() for place, a in enumerate(hashes) for b in hashes[:place]]
    assert min(distances) > 6


def test_reference_traces_are_in_the_format_and_split_into_their_steps() -> None:
    for item in teaching_set.make(8, 6):
        parsed = think_answer.parse_think_answer(item.reasoning)
        assert parsed.ok
        assert parsed.answer == item.answer_label
        assert split_steps(parsed.thinking) == item.steps
        assert len(item.steps) == 4


def test_unknown_specialty_is_refused() -> None:
    with pytest.raises(ValueError, match="specialties"):
        teaching_set.make(4, 0, ["dermatology"])


def test_the_module_brings_neither_torch_nor_django() -> None:
    code = (
        "import sys, training.demo_models.teaching_set, training.demo_models.build\n"
        "import training.job.spec, training.job.__main__\n"
        "sys.exit(bool({'torch', 'transformers', 'trl', 'django'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
