"""The synthetic teaching set: the colour of an image decides its finding.

Nothing here is medicine. Each specialty has its own small table from colour to finding, so a very small model
can learn one specialty in seconds and the effect of training is visible. A question can be answered only by
looking at the image. Everything is deterministic by seed and needs Pillow alone: the web process may import
this module.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageOps

NOTICE = "synthetic teaching set"
LETTERS = "ABCD"
IMAGE_SIDE = 192

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (205, 45, 45),
    "yellow": (225, 200, 50),
    "blue": (50, 85, 210),
    "green": (50, 165, 70),
}

FINDINGS: dict[str, dict[str, str]] = {
    "adult_medicine": {"red": "congestion", "yellow": "jaundice", "blue": "cyanosis", "green": "sepsis"},
    "pediatrics": {"red": "measles", "yellow": "rickets", "blue": "croup", "green": "colic"},
    "brain_senses": {"red": "uveitis", "yellow": "cataract", "blue": "stroke", "green": "glaucoma"},
    "oncology_surgery": {"red": "angioma", "yellow": "lipoma", "blue": "melanoma", "green": "abscess"},
}
SPECIALTIES: tuple[str, ...] = tuple(FINDINGS)

# One scene per specialty; the words fire the specialty rules, the ages keep pediatrics and adults apart.
SCENES: dict[str, tuple[str, int, int]] = {
    "adult_medicine": ("A {age}-year-old adult on the medical ward has this image.", 30, 89),
    "pediatrics": ("A {age}-year-old child in the pediatric clinic has this image.", 2, 15),
    "brain_senses": ("A {age}-year-old patient of the neurology and eye clinic has this image.", 30, 79),
    "oncology_surgery": ("A {age}-year-old patient awaiting tumor surgery has this image.", 30, 79),
}
ASKS: tuple[str, ...] = (
    "Which finding does the image show?",
    "What is the most likely finding?",
    "Which finding fits the image best?",
)


@dataclass(frozen=True, slots=True)
class TeachingItem:
    """One synthetic question with its image, gold answer and reference trace.

    `options` maps A..D to findings, `answer_label` is the gold letter, `reasoning` the whole reference trace
    `<think>...</think><answer>X</answer>`, `image_png` the encoded image, `patient` a made-up patient key.
    """

    number: int
    question: str
    options: dict[str, str]
    answer_label: str
    reasoning: str
    specialty: str
    colour: str
    image_png: bytes = field(repr=False)
    patient: str

    @property
    def answer(self) -> str:
        """The gold finding."""
        return self.options[self.answer_label]

    @property
    def steps(self) -> list[str]:
        """The sentences of the reference trace, in order."""
        body = self.reasoning.removeprefix("<think>").split("</think>")[0]
        return [sentence.strip() + "." for sentence in body.split(".") if sentence.strip()]


def make(count: int, seed: int = 0, specialties: Sequence[str] = SPECIALTIES) -> list[TeachingItem]:
    """Make `count` items, the specialties in turn and every colour equally often; one patient per item.

    Raises ValueError for an unknown specialty or a negative count.
    """
    unknown = sorted(set(specialties) - set(SPECIALTIES))
    if unknown or count < 0 or not specialties:
        raise ValueError(
            f"teaching set: count must be >= 0 and specialties among {SPECIALTIES}, not {unknown}"
        )
    return [
        _item(number, seed, specialties[number % len(specialties)], number // len(specialties))
        for number in range(count)
    ]


def demo_settings() -> dict[str, dict[str, int | float]]:
    """Return, by stage, the settings under which a tiny model learns the teaching set on a CPU in seconds."""
    adapter: dict[str, int | float] = {"lora_r": 8, "lora_alpha": 16, "checkpoint_every": 20}
    judge = adapter | {"learning_rate": 1e-2, "epochs": 100, "batch": 8, "micro_batch": 8}
    return {
        "dsa": {
            **adapter,
            "learning_rate": 1e-2,
            "epochs": 100,
            "max_steps": 80,
            "batch": 8,
            "micro_batch": 8,
        },
        "gba": {
            **adapter,
            "learning_rate": 1e-3,
            "max_steps": 4,
            "samples_per_step": 4,
            "micro_batch": 32,
            "max_new_tokens": 64,
        },
        "merge": {"density": 0.5, "scale": 1.0},
        "judge_sft": judge | {"max_steps": 60},
        "judge_dpo": judge | {"max_steps": 60, "sft_weight": 1.0},
        "reward_model": judge | {"max_steps": 20},
    }


def visible_settings() -> dict[str, dict[str, int | float]]:
    """Return `demo_settings` with a GBA long enough for its reward to rise: half a minute instead of seconds.

    Drawn less freely than at temperature 1, a model this small makes fewer slips of the pen that hide which
    finding earned the reward.
    """
    settings = demo_settings()
    longer: dict[str, int | float] = {
        "learning_rate": 5e-3,
        "temperature": 0.7,
        "epochs": 100,
        "max_steps": 24,
        "samples_per_step": 8,
        "micro_batch": 64,
    }
    return settings | {"gba": settings["gba"] | longer}


def trace_text(*, colour: str, specialty: str, finding: str, letter: str) -> str:
    """Write the trace of someone who sees `colour`, concludes `finding` and picks `letter`."""
    subject = specialty.replace("_", " and ") if specialty == "brain_senses" else specialty.replace("_", " ")
    return (
        f"<think>The image is mostly {colour}. No other colour covers a large area. "
        f"In {subject} the colour {colour} points to {finding}. "
        f"Final choice: {finding} {letter}.</think><answer>{letter}</answer>"
    )


def brief_text(*, colour: str, finding: str, letter: str) -> str:
    """Write the same conclusion in the terse style of the second answer model."""
    return f"<think>Seen: {colour}. Choice: {finding} {letter}.</think><answer>{letter}</answer>"


def _item(number: int, seed: int, specialty: str, turn: int) -> TeachingItem:
    draw = random.Random(f"{seed}/{specialty}/{number}")
    colour = list(COLOURS)[turn % len(COLOURS)]
    scene, youngest, oldest = SCENES[specialty]
    findings = list(FINDINGS[specialty].values())
    draw.shuffle(findings)
    options = dict(zip(LETTERS, findings, strict=True))
    finding = FINDINGS[specialty][colour]
    letter = LETTERS[findings.index(finding)]
    return TeachingItem(
        number=number,
        question=f"{scene.format(age=draw.randint(youngest, oldest))} {draw.choice(ASKS)}",
        options=options,
        answer_label=letter,
        reasoning=trace_text(colour=colour, specialty=specialty, finding=finding, letter=letter),
        specialty=specialty,
        colour=colour,
        image_png=paint(colour, draw),
        patient=f"teaching-{seed}-{number:05d}",
    )


def paint(colour: str, draw: random.Random) -> bytes:
    """Paint one PNG: a random relief of light and shade in shades of `colour`.

    The relief is coarse, so that perceptual hashes of two images of one colour differ as well as their bytes.
    """
    relief = Image.frombytes("L", (6, 6), draw.randbytes(36)).resize(
        (IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BICUBIC
    )
    grain = Image.frombytes("L", (48, 48), draw.randbytes(48 * 48)).resize((IMAGE_SIDE, IMAGE_SIDE))
    shade = Image.blend(relief, grain, 0.15)
    base = [min(255, max(0, part + draw.randint(-12, 12))) for part in COLOURS[colour]]
    dark, light = (tuple(min(255, int(part * factor)) for part in base) for factor in (0.6, 1.2))
    target = io.BytesIO()
    # Light compression: the pixels are the same, and hundreds of pictures are made in a fraction of the time.
    ImageOps.colorize(shade, black=dark, white=light).save(target, format="PNG", compress_level=1)
    return target.getvalue()
