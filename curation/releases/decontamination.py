"""Keeps held-out content out of training rows: pixels, near-identical images and shared question text."""

import re
from dataclasses import dataclass
from typing import Final, Self

from consilium.people.models import Study
from curation.models import Question, QuestionImage, Use

NGRAM_WORDS: Final = 13
# A difference hash with almost no bits set, or all, says "a flat picture", not "the same picture".
FEWEST_BITS: Final = 8
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the test questions of a study consist of.

    Splits by cluster keep the same patient and image apart already; this check also finds the same picture or
    the same words that came in under another cluster.
    """

    pixels: frozenset[str]
    pictures: frozenset[str]
    ngrams: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, study: Study) -> Self:
        """Read the held-out side of a study."""
        questions = Question.objects.for_use(study, Use.TEST)
        images = QuestionImage.objects.filter(question__in=questions).values_list(
            "image__pixel_sha256", "image__perceptual_hash"
        )
        pairs = list(images)
        texts = questions.values_list("text", flat=True).iterator()
        return cls(
            pixels=frozenset(pixel for pixel, _ in pairs),
            pictures=frozenset(picture for _, picture in pairs if tells_pictures_apart(picture)),
            ngrams=frozenset(gram for text in texts for gram in ngrams(text)),
        )

    def overlap(self, question: Question) -> str:
        """Why a training question may not stand beside the held-out ones; empty when it may."""
        images = question.ordered_images()
        if any(image.pixel_sha256 in self.pixels for image in images):
            return "decontamination: an image is held out for testing"
        if question.source.is_synthetic:
            return ""  # a program draws pictures alike and writes from templates: only equal pixels tell
        if any(image.perceptual_hash in self.pictures for image in images):
            return "decontamination: an image looks like one held out for testing"
        if not self.ngrams.isdisjoint(ngrams(question.text)):
            return f"decontamination: {NGRAM_WORDS} words in a row are shared with a test question"
        return ""


def tells_pictures_apart(perceptual_hash: str) -> bool:
    """Whether two pictures with this hash (16 hex digits) must be the same or nearly so."""
    return FEWEST_BITS <= int(perceptual_hash or "0", 16).bit_count() <= 64 - FEWEST_BITS


def ngrams(text: str, words: int = NGRAM_WORDS) -> set[tuple[str, ...]]:
    """Every run of `words` case-folded words; none for a shorter text."""
    tokens = [token.casefold() for token in _WORD.findall(text)]
    return {tuple(tokens[i : i + words]) for i in range(len(tokens) - words + 1)}
