"""The export gate looks once at what it used to look at many times, and refuses the same."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.gate import names, watch
from curation.gate.protocol import Wanted
from curation.gate.watch import Watch
from curation.imaging import fingerprints as prints
from curation.imaging import mentions
from curation.text.digests import clean_digest
from curation.text.find import find, readings
from curation.text.rule import KINDS, Hit

KEY = b"a key of sixteen bytes or more"
NAMES = [
    "Anna Müller",
    "Doctor Whoever",
    "reader10",
    "ΑΣΣΟΣ Σ",
    ".net account",
    "İbrahim Ok",
    "Straße Weiß",
    "_x y",
]
SPELLED = [
    "Müller", "MUELLER", "mu\u0308ller", "Mller", "Okonkwo", "Dr. Okonkwo-Smith", "Rose Small", "small rose",
    "Rose,\u2003Small", "rose", "small", "Rose Q. Small", "ACC2024117", "acc-2024/117", "0012345678",
    "\uff11\uff12\uff13\uff14\uff15", "1961-11-04", "4.11.61", "04/11/1961", "19611104", "4th November 1961",
    "Nov 4, 1961", "4-Nov-1961", "1.2.840.113619.2.55", "\u2102hen", "\u017fmall Rose", "Weiss",
    "Jäger", "J\u00c4GER,", "wei\u00df",
]  # fmt: skip
PATTERNED = [
    "a@b.example", "@", "x @ y.com", "/home/x", "(/tmp/", "C:\\x", "\\\\srv\\", "and/or", "hf_" + "a" * 30,
    "sk-" + "B" * 20, "hf_short",
]  # fmt: skip
NAMED = [
    "anna müller", "ANNA MÜLLER", "Anna  Müller", "Anna", "doctor whoever", "Doctor Whoever's", "xreader10",
    "READER10", "reader10_", "ασσος ς", ".NET account", "ibrahim ok", "straße weiß", "STRAẞE WEISS", "_X Y",
    "Doctor\u00a0Whoever", "doctor who\u0301ever",
]  # fmt: skip
KNOWN = prints.fingerprints_of(
    prints.name_tokens("Müller^Hans")
    | prints.name_tokens("Okonkwo")
    | prints.name_tokens("Small^Rose^Q")
    | prints.name_tokens("Weiß")
    | prints.name_tokens("Jaeger")
    | prints.code_tokens("ACC2024117")
    | prints.code_tokens("0012345678")
    | prints.code_tokens("12345")
    | prints.code_tokens("1.2.840.113619.2.55")
    | prints.code_tokens("Chen")
    | prints.date_tokens("1961-11-04"),
    KEY,
)
GLUE = ["", " ", "\n", "-", "/", ".", ", ", "_", "\u00a0", "\u0301", "1", "\u00a8"]


class Notes:
    """A record of texts read before, in memory."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    def known(self, digests: Sequence[str]) -> Collection[str]:
        return self.held.intersection(digests)

    def remember(self, digests: Sequence[str]) -> None:
        self.held.update(digests)


def watching(names: Collection[str], known: Collection[str], notes: Notes | None = None) -> Watch:
    return Watch(Wanted(names=names, key=KEY, fingerprints=known, images={}), notes or Notes())


def rule_of(found: Watch, text: str) -> str:
    finding = found.finding(text)
    return finding.rule if finding else ""


def old_tokens(text: str) -> set[str]:
    """What a text was taken apart into before pieces were remembered; kept here as the measure."""
    folded = prints.fold(text)
    days = set(prints._numeric_days(folded))
    days |= {(int(y), int(m), int(d)) for y, m, d in prints._COMPACT_DATE.findall(folded)}
    days |= {(int(y), prints._MONTHS.get(m, 0), int(d)) for d, m, y in prints._DAY_MONTH.findall(folded)}
    days |= {(int(y), prints._MONTHS.get(m, 0), int(d)) for m, d, y in prints._MONTH_DAY.findall(folded)}
    found = {f"d:{y:04}{m:02}{d:02}" for y, m, d in days if 1 <= m <= 12 and 1 <= d <= 31}
    for spelling in (prints.fold(text), prints.fold(text.casefold().translate(prints._UMLAUTS))):
        words = prints._WORD.findall(spelling)
        parts = [word for word in words if len(word) >= 3 and word not in prints._COMMON_WORDS]
        found |= {f"w:{word}" for word in parts if word not in prints.ORDINARY_WORDS}
        near = [pair for pair in pairwise(parts) if set(pair) & prints.ORDINARY_WORDS]
        found |= {"p:" + "+".join(sorted(pair)) for pair in near}
    for piece in prints._CODE.findall(prints.fold(text)):
        found |= prints.code_tokens(piece)
        for part in re.split(r"[-./_]", piece):
            found |= prints.code_tokens(part)
    return found


def old_finding(text: str) -> str:
    """The gate without memory: one expression of all names, every token of the text, every pattern."""
    whole = r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(NAMES))) + r")(?!\w)"
    if re.search(whole, text, re.IGNORECASE):
        return "the name of an account"
    if any(prints.fingerprint(token, KEY) in KNOWN for token in old_tokens(text)):
        return "an identifier from an image header"
    for reading in readings(text):
        for hit in find(reading):
            return KINDS[hit.kind]
    return ""


parts = st.one_of(
    st.sampled_from(SPELLED), st.sampled_from(PATTERNED), st.sampled_from(NAMED), st.sampled_from(GLUE),
    st.text(max_size=8), st.sampled_from(["the field is plain", "A SMALL", "nodule", "pressure rose", "42"]),
)  # fmt: skip
texts = st.lists(parts, min_size=1, max_size=6).flatmap(
    lambda chosen: st.lists(st.sampled_from(GLUE), min_size=len(chosen), max_size=len(chosen)).map(
        lambda glue: "".join(piece + between for piece, between in zip(chosen, glue, strict=True))
    )
)


@settings(max_examples=400, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6))
def test_it_finds_in_every_text_what_the_old_gate_found(many: list[str]) -> None:
    watch = watching(NAMES, KNOWN)
    for text in (*many, *many):  # the second time from memory
        assert rule_of(watch, text) == old_finding(text), ascii(text)


@settings(max_examples=400, deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_many_texts_as_one_are_clean_where_each_is(many: list[str]) -> None:
    assert watching(NAMES, KNOWN).are_clean(many) == (not any(map(old_finding, many))), ascii(many)


@pytest.mark.parametrize("text", [*SPELLED, *PATTERNED, *NAMED])
def test_every_spelling_is_judged_as_before_also_after_other_texts(text: str) -> None:
    watch = watching(NAMES, KNOWN)
    for other in ("the field of the rose is plain", f"see {text[:-1]}", text, f"see {text} there"):
        assert rule_of(watch, other) == old_finding(other)
        assert watching(NAMES, KNOWN).are_clean([CLEAN, other, CLEAN + "."]) == (not old_finding(other))
    assert any(old_finding(spelled) for spelled in SPELLED)


def test_the_end_of_one_text_and_the_start_of_the_next_name_nobody() -> None:
    several = [
        "It was a small",
        "rose and 4.",
        "11.1961 in all, Doctor",
        "Whoever came, and 19611",
        "104 more",
    ]
    assert watching(NAMES, KNOWN).are_clean(several)
    assert watching(NAMES, KNOWN).are_clean(several[::-1])
    for text in ("a small rose", "4.11.1961", "4 November 1961", "doctor WHOEVER", "19611104"):
        assert not watching(NAMES, KNOWN).are_clean([*several, text])


def test_the_name_of_an_ordinary_word_is_found_whatever_stands_around_it() -> None:
    plain = " ".join(["the field of the lung is clear on page 4 and a small nodule in the long field"] * 40)
    assert watching(NAMES, KNOWN).are_clean([plain, plain + " of a rose"])
    for telling in ("Rose Q. Small", "small, Rose", "Small-Rose", "rose of Small"):
        assert not watching(NAMES, KNOWN).are_clean([plain, f"{plain} {telling} {plain}"]), telling


def test_every_character_folds_alone_as_it_folds_in_a_text() -> None:
    """What lets pieces be folded and remembered one by one; also for characters of later Unicode versions."""
    characters = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")
    ]
    for start in range(0, len(characters), 500):
        some = characters[start : start + 500]
        for alone, together in zip(
            zip(*map(prints.spellings, some), strict=True), prints.spellings("".join(some)), strict=True
        ):
            assert "".join(alone) == together


def test_memory_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mentions, watch, names):
        monkeypatch.setattr(module, "MEMORY", 3)
    look = watching(NAMES, KNOWN)
    for number in range(50):
        clean = f"word{'x' * number} other grace field{'y' * number} Ä{'z' * number}"
        assert rule_of(look, clean) == ""
        assert look.are_clean([clean, clean + "!", "field"])
        assert rule_of(look, "Mr Mueller has it.") == "an identifier from an image header"
        assert not look.are_clean(["Rose Small"])
    assert len(look._passed) <= 6
    assert len(look._mentions._plain._words) <= 12
    assert len(look._names._pieces) <= 12


def test_without_any_fingerprint_no_word_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        raise AssertionError

    monkeypatch.setattr(mentions._Pieces, "hold", never)
    assert rule_of(watching([], []), "A text about a field.") == ""
    assert watching([], []).are_clean(["A text about a field."])


CLEAN = "The lower lobe shows a consolidation; the reader drew the outline of it. " * 3


def test_what_was_read_before_is_read_for_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said, telling = CLEAN.replace("the reader", "Amara Obi"), CLEAN + "Seen by Dr Smith."
    notes = Notes()
    notes.remember([clean_digest(text, "0") for text in (said, CLEAN)])
    reads: list[str] = []

    def reads_it(text: str) -> list[Hit]:
        reads.append(text)
        return find(text)

    monkeypatch.setattr("curation.text.find.find", reads_it)
    watch = watching({"amara obi"}, set(), notes)
    assert not watch.are_clean([said, CLEAN, telling])
    assert [rule_of(watch, text) for text in (said, CLEAN, telling)] == [
        "the name of an account", "", "a person's name",
    ]  # fmt: skip
    assert set(reads) == {telling}
    fresh = CLEAN + "Nothing else."
    assert watch.are_clean([fresh, fresh])
    assert clean_digest(fresh, "0") in notes.held
    assert clean_digest(telling, "0") not in notes.held
    reads.clear()
    assert watching({"amara obi"}, set(), notes).are_clean([fresh, CLEAN])
    assert reads == []
