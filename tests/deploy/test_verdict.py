"""The verdict sees what it is there to see: every kind of broken promise, and nothing in a clean run."""

from collections import Counter
from typing import Any

from tests.deploy import verdict
from tests.deploy.faults import Episode

STORED: list[verdict.Row] = [("k1", ["t1"], 1, 10, 1, "aa", 1), ("k2", ["t0", "t2"], 2, 10, 1, "bb", 1)]


def said(key: str, token: str, digest: str) -> dict[str, Any]:
    return {"key": key, "token": token, "version": 1, "sha256": digest}


CLEAN = [said("k1", "t1", "aa"), said("k2", "t2", "bb")]


def test_a_clean_run_breaks_nothing() -> None:
    assert verdict.lost_or_doubled(CLEAN, STORED) == []
    assert verdict.drafts_lost([{"token": "t3", "content": {"a": 1}}], {"t1"}, {"t3": {"a": 1}}) == []
    assert verdict.too_many_claims([(10, 3, 3)]) == []
    assert verdict.unhealed([{"what": "retry", "call": "submit", "cause": "503"}, {"what": "vote"}]) == []
    assert verdict.jobs_unfinished([("j", "curation.import", "succeeded", 2, "")]) == []
    assert verdict.pictures_lost([{"pk": 4, "pictures": ["p"]}], {4}, Counter(p=1)) == []


def test_votes_that_are_lost_unheard_of_or_changed_are_named() -> None:
    assert verdict.lost_or_doubled(CLEAN, STORED[:1]) == ["Vote k2 was acknowledged and is lost."]
    assert verdict.lost_or_doubled(CLEAN[:1], STORED) == ["Vote k2 is stored, and its reader was never told."]
    changed = [CLEAN[0], said("k2", "t2", "cc")]
    assert verdict.lost_or_doubled(changed, STORED) == ["Vote k2 is not what was acknowledged."]
    elsewhere = [CLEAN[0], said("k2", "t9", "bb")]
    assert verdict.lost_or_doubled(elsewhere, STORED) == ["Vote k2 is not what was acknowledged."]


def test_votes_that_are_doubled_are_named() -> None:
    twice = [*STORED, ("k3", ["t1"], 1, 10, 2, "dd", 1)]
    heard = [*CLEAN, {**said("k3", "t1", "dd"), "version": 2}]
    assert verdict.lost_or_doubled(heard, twice) == ["Person 1 voted more than once on item 10."]
    typed = [(*STORED[0][:6], 2), STORED[1]]
    assert verdict.lost_or_doubled(CLEAN, typed) == ["Vote k1 has 2 rows beside it."]
    assert verdict.too_many_claims([(10, 3, 4)]) == ["Item 10 has 4 of 3 slots."]


def test_the_newest_draft_without_a_vote_has_to_be_there() -> None:
    kept = [{"token": "t3", "content": {"a": 1}}, {"token": "t3", "content": {"a": 2}}]
    assert verdict.drafts_lost(kept, set(), {"t3": {"a": 1}}) == ["The draft of claim t3 is lost."]
    assert verdict.drafts_lost(kept, {"t3"}, {}) == []


def test_errors_that_trying_again_does_not_heal_are_named() -> None:
    met = [
        {"what": "error", "person": "reader1", "error": "Unhealed: submit: 403"},
        {"what": "retry", "call": "draft", "cause": "500"},
        {"what": "retry", "call": "draft", "cause": "500"},
    ]
    assert verdict.unhealed(met) == ["reader1: Unhealed: submit: 403", "draft answered 500 (2 times)."]
    assert verdict.jobs_unfinished([("j", "curation.import", "failed", 3, "It broke.")]) == [
        "Job j (curation.import) is failed after 3 attempts. It broke."
    ]
    lost = verdict.pictures_lost([{"pk": 4, "pictures": ["p", "q"]}], set(), Counter(q=1))
    assert lost == ["Import 4 was acknowledged and is lost.", "A picture of import 4 is stored 0 times."]


def test_the_longest_time_without_a_vote_counts_both_ends() -> None:
    episode = Episode("a part", struck=10.0, over=30.0)
    votes = [{"what": "vote", "at": at} for at in (9.0, 11.0, 18.0, 24.0, 31.0)]
    retry = {"what": "retry", "at": 12.0, "call": "submit", "cause": "502"}
    ahead = {"what": "retry", "at": 12.0, "call": "ahead", "cause": "502"}
    episode.add_up([*votes, retry, ahead])
    assert (episode.votes, episode.longest_gap, dict(episode.retries)) == (3, 7.0, {"502": 1})
