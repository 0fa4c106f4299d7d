"""The small pure parts of cards: YAML, licences, languages, tables, compact counts."""

from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from consilium.statistics.agreement import agreement_of_counts
from curation.cards.compact import NOTHING, Choices, Marked
from curation.cards.front_matter import front_matter
from curation.cards.languages import languages_in
from curation.cards.licences import hub_licence, licence_of_all, licence_slug
from curation.cards.markdown import as_read, as_text, table

values = st.recursive(
    st.one_of(
        st.text(), st.booleans(), st.integers(), st.sampled_from(["no", "on", "NULL", "~", "1e3", "n<1K"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.text(min_size=1, max_size=8), inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=4))
def test_yaml_reads_back_as_what_was_written(told: dict[str, Any]) -> None:
    kept = {key: value for key, value in told.items() if value not in (None, "", [], {})}
    lines = front_matter(told)
    assert (lines[0], lines[-1]) == ("---", "---")
    text = "\n".join(lines[1:-1])
    assert "\n---\n" not in f"\n{text}\n"
    if not any("\ud800" <= letter <= "\udfff" for letter in repr(told)):
        assert (yaml.safe_load(text) or {}) == kept


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("CC-BY-4.0", "cc-by-4.0"),
        ("CC BY 4.0", "cc-by-4.0"),
        ("Creative Commons Attribution 4.0 International License", "cc-by-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0", "cc-by-nc-sa-4.0"),
        ("CC0", "cc0-1.0"),
        ("Creative Commons Zero v1.0 Universal", "cc0-1.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("Apache-2.0", "apache-2.0"),
        ("the MIT License", "mit"),
        ("CC BY", ""),
        ("CC BY 9.9", ""),
        ("Hospital terms", ""),
        ("", ""),
    ],
)
def test_licences_get_the_hubs_identifier_only_where_they_are_that_licence(written: str, name: str) -> None:
    assert hub_licence(written) == name


def test_licences_agree_only_where_all_are_one() -> None:
    assert licence_of_all(["CC BY 4.0", "cc-by-4.0"]) == "cc-by-4.0"
    assert licence_of_all(["CC BY 4.0", "MIT"]) == ""
    assert licence_of_all(["CC BY 4.0", "Own terms"]) == ""
    assert licence_of_all([]) == ""
    assert (licence_slug(["Own terms, 2nd"]), licence_slug(["A", "B"]), licence_slug([""])) == (
        "own-terms-2nd", "several-licences", "not-named",
    )  # fmt: skip


def test_languages_are_told_by_small_words_and_script() -> None:
    english, german = ["What does the image show?"] * 30, ["Was zeigt das Bild der Lunge?"] * 10
    assert languages_in([*english, *german, "这张图片显示什么?", "Ok."]) == ["en", "de"]
    assert languages_in(["这张图片显示什么?"]) == ["zh"]
    assert languages_in(["12 mm", ""]) == []


def test_a_table_shows_what_people_wrote_in_one_cell() -> None:
    assert table(("Name", "N"), [(as_text("a|b\nc"), "-0.1")]) == [
        "| Name | N |", "| --- | ---: |", "| a\\|b c | -0.1 |", "",
    ]  # fmt: skip


def test_a_card_is_read_without_keys_and_backslashes() -> None:
    card = "---\npretty_name: Votes\nconfigs:\n- name: x\n---\n\nAn\\_na: b\n"
    assert as_read(card) == "---\nVotes\n\nx\n---\n\nAn_na: b\n"


def test_compact_counts_agree_as_whole_ones_do() -> None:
    marked, votes, draw = Marked(), Choices(["one"], 2), np.random.default_rng(5)
    clusters, counts = [], np.zeros((60, 2))
    for case in range(60):
        clusters.append(case // 2)
        marked.add(f"case-{case}", f"cluster-{case // 2}")
    for case in draw.permutation(np.repeat(np.arange(60), 3)):
        chosen = int(draw.integers(-1, 2))
        votes.add(f"case-{case}", [chosen])
        if chosen != NOTHING:
            counts[case, chosen] += 1
    votes.add("case-unknown", [1])
    (row,) = votes.agreement(marked)
    (whole,) = agreement_of_counts(clusters, {"one": counts})
    assert (row.cases, row.votes, row.votes_per_case) == (whole.cases, whole.votes, whole.votes_per_case)
    for name in ("percent", "unanimity", "fleiss", "ac1", "alpha"):
        mine, other = getattr(row, name), getattr(whole, name)
        assert mine.value == pytest.approx(other.value)
        assert mine.interval.low == pytest.approx(other.interval.low, abs=0.03)
        assert mine.interval.high == pytest.approx(other.interval.high, abs=0.03)
    assert (marked.clusters, votes.twice) == (30, 60)


def test_nothing_read_is_no_agreement() -> None:
    assert Choices(["one"], 2).agreement(Marked()) == []
    votes = Choices(["one"], 2)
    votes.add("case-1", [0])
    assert votes.agreement(Marked()) == []
