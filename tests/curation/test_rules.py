"""Pure rules: specialty, use, groups, n-grams, token estimate."""

import pytest

from curation import specialty
from curation.imports import splits
from curation.imports.clusters import Groups
from curation.releases.decontamination import ngrams
from curation.traces.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "known", "expected", "rule"),
    [
        ("A 4-year-old with cough.", {}, "pediatrics", "age_in_text"),
        ("A 3-week-old with a brain tumour.", {}, "pediatrics", "child_words"),
        ("A newborn with jaundice.", {}, "pediatrics", "child_words"),
        ("A 45-year-old whose child is well.", {}, "adult_medicine", "default"),
        ("Cough.", {"age_years": 17}, "pediatrics", "age_under_18"),
        ("A child's toy was swallowed.", {"age_years": 40}, "adult_medicine", "default"),
        ("A brain tumour in a 60-year-old.", {}, "oncology_surgery", "oncology_surgery_words"),
        ("After appendectomy, fever.", {}, "oncology_surgery", "oncology_surgery_words"),
        ("Sudden stroke in a 70-year-old.", {}, "brain_senses", "brain_senses_words"),
        ("What is seen?", {"organ_system": "eye"}, "brain_senses", "brain_senses_place"),
        ("What is seen?", {"department": "cardiology"}, "adult_medicine", "default"),
        ("A newborn.", {"given": "oncology_surgery"}, "oncology_surgery", "import"),
    ],
)
def test_the_first_rule_that_fires_gives_the_specialty(
    text: str, known: dict, expected: str, rule: str
) -> None:
    verdict = specialty.decide_specialty(text, **known)
    assert (verdict.specialty, verdict.rule) == (expected, rule)


def test_uses_are_drawn_with_their_shares_and_always_the_same() -> None:
    drawn = [splits.draw(b"key", f"g{n}", seed=1, train=0.6, dev=0.1) for n in range(4000)]
    assert drawn == [splits.draw(b"key", f"g{n}", seed=1, train=0.6, dev=0.1) for n in range(4000)]
    assert 0.57 < drawn.count("train") / 4000 < 0.63
    assert 0.08 < drawn.count("dev") / 4000 < 0.12
    assert drawn != [splits.draw(b"key", f"g{n}", seed=2, train=0.6, dev=0.1) for n in range(4000)]
    assert drawn != [splits.draw(b"other", f"g{n}", seed=1, train=0.6, dev=0.1) for n in range(4000)]


def test_groups_join_and_keep_one_use() -> None:
    groups = Groups()
    for node in "abcd":
        groups.add(node)
    groups.add("stored", cluster=7, use="train")
    groups.add("other", cluster=3, use="test")
    assert groups.join(["a", "b"])
    assert groups.join(["b", "stored"])
    assert groups.members("a") == {"a", "b", "stored"}
    assert (groups.cluster("a"), groups.use_of("b")) == (7, "train")
    assert not groups.join(["a", "other"])
    assert groups.use_of("other") == "test"
    assert groups.claim("c", "dev")
    assert not groups.claim("c", "test")
    assert not groups.join(["c", "a"])
    assert groups.join(["d", "c"])
    assert groups.use_of("d") == "dev"


def test_thirteen_words_in_a_row_are_found() -> None:
    words = [f"w{n}" for n in range(13)]
    assert len(ngrams(" ".join(words))) == 1
    assert ngrams(" ".join(words[:12])) == set()
    assert not ngrams(" ".join(words)).isdisjoint(ngrams("Before, " + " ".join(words).upper() + "!"))


def test_the_estimate_counts_bytes() -> None:
    assert (
        estimate_tokens(""),
        estimate_tokens("abcd"),
        estimate_tokens("abcde"),
        estimate_tokens("ää"),
    ) == (0, 1, 2, 1)
