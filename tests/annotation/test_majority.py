"""From votes to labels, as a table: METHOD.md section 3.4."""

from typing import Any

import pytest

from annotation.majority import LabelDecision, decide_labels
from consilium.answers.dimensions import DIMENSIONS


def outcome(overall: str, capacity: int = 3, harms: str = "nnnnnn", **setting: Any) -> LabelDecision:
    """Everything but overall is unanimous A; `overall` has one letter per reader, - for cannot judge."""
    words: dict[str, str | None] = {"A": "A", "B": "B", "-": None}
    votes = [{**dict.fromkeys(DIMENSIONS, "A"), "overall": words[letter]} for letter in overall]
    flags = [{"n": "neither", "a": "a", "b": "b", "2": "both"}[letter] for letter in harms[: len(votes)]]
    settings = {"votes_per_case": 3, "can_replace": True, "senior_on_any_split": False} | setting
    return decide_labels(votes, flags, capacity=capacity, **settings)


@pytest.mark.parametrize(
    ("votes", "capacity", "label", "more_readers", "is_disputed"),
    [
        ("AAA", 3, "A", 0, False),
        ("BBB", 3, "B", 0, False),
        ("AAB", 3, "A", 0, False),
        ("BAB", 3, "B", 0, False),
        ("AA-", 3, "A", 0, False),  # two of three is a majority; a third vote could not undo it
        ("AB-", 3, "", 1, False),
        ("AB-A", 4, "A", 0, False),
        ("AB--", 4, "", 1, False),
        ("AB--B", 5, "B", 0, False),
        ("A--", 3, "", 2, False),
        ("A--A", 5, "A", 0, False),
        ("---", 3, "", 3, False),
        ("------", 6, "", 0, True),  # three replacements at most
        ("A-----", 6, "", 0, True),
    ],
)
def test_votes_become_a_label_a_replacement_or_a_dispute(
    votes: str, capacity: int, label: str, more_readers: int, is_disputed: bool
) -> None:
    found = outcome(votes, capacity)
    assert found.labels["overall"] == label
    assert (found.more_readers, found.is_disputed) == (more_readers, is_disputed)
    assert found.labels["accuracy"] == "A"


@pytest.mark.parametrize(("votes", "is_disputed"), [("AB-", True), ("---", True), ("AA-", False)])
def test_without_replacements_what_lacks_a_majority_is_disputed_at_once(
    votes: str, is_disputed: bool
) -> None:
    found = outcome(votes, can_replace=False)
    assert (found.more_readers, found.is_disputed) == (0, is_disputed)


def test_even_numbers_of_readers_can_tie_and_a_tie_goes_to_a_senior() -> None:
    assert outcome("AB", 2, votes_per_case=2).is_disputed
    assert outcome("AA", 2, votes_per_case=2).labels["overall"] == "A"
    assert outcome("AABB", 4, votes_per_case=4).is_disputed


def test_one_reader_decides_alone_when_the_study_says_so() -> None:
    assert outcome("B", 1, votes_per_case=1).labels["overall"] == "B"
    assert outcome("-", 1, votes_per_case=1).more_readers == 1


@pytest.mark.parametrize(
    ("harms", "is_disputed"), [("nnn", False), ("ann", False), ("aan", True), ("abn", True), ("n22", True)]
)
def test_two_flags_of_harm_send_a_unanimous_case_to_a_senior(harms: str, is_disputed: bool) -> None:
    found = outcome("AAA", harms=harms)
    assert found.is_disputed is is_disputed
    assert ("harm" in found.reason) is is_disputed


def test_any_split_of_overall_goes_to_a_senior_when_the_study_wants_that() -> None:
    assert not outcome("AAB").is_disputed
    found = outcome("AAB", senior_on_any_split=True)
    assert found.is_disputed
    assert found.reason == "readers differ: overall"


def test_a_split_of_another_dimension_stays_with_the_readers() -> None:
    votes = [dict.fromkeys(DIMENSIONS, "A") | {"creativity": letter} for letter in "ABA"]
    found = decide_labels(
        votes, ["neither"] * 3, votes_per_case=3, capacity=3, can_replace=True, senior_on_any_split=True
    )
    assert not found.is_disputed


def test_a_replacement_does_not_undo_a_majority_of_the_first_readers() -> None:
    accuracy = ["A", "B", None, "A"]
    relevance = ["A", "B", "B", "A"]
    votes = [
        {**dict.fromkeys(DIMENSIONS, "A"), "accuracy": one, "relevance": two}
        for one, two in zip(accuracy, relevance, strict=True)
    ]
    found = decide_labels(
        votes, ["neither"] * 4, votes_per_case=3, capacity=4, can_replace=True, senior_on_any_split=False
    )
    assert (found.labels["accuracy"], found.labels["relevance"]) == ("A", "B")
    assert (found.tallies["relevance"].votes_a, found.tallies["relevance"].votes_b) == (1, 2)
    assert not found.is_disputed
