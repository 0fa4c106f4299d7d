"""The export gate looks once at what it used to look at many times, and refuses the same."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.clean_texts import known_clean, read_ahead
from curation.imaging import fingerprints as prints
from curation.imaging import mentions
from curation.imaging.mentions import Mentions
from curation.releases import export_gate
from curation.releases.export_gate import Watch
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
    watch = Watch(NAMES, Mentions(KEY, KNOWN))
    for text in (*many, *many):  # the second time from memory
        assert watch.finding(text) == old_finding(text), ascii(text)


@pytest.mark.parametrize("text", [*SPELLED, *PATTERNED, *NAMED])
def test_every_spelling_is_judged_as_before_also_after_other_texts(text: str) -> None:
    watch = Watch(NAMES, Mentions(KEY, KNOWN))
    for other in ("the field of the rose is plain", f"see {text[:-1]}", text, f"see {text} there"):
        assert watch.finding(other) == old_finding(other)
    assert any(old_finding(spelled) for spelled in SPELLED)


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
    monkeypatch.setattr(mentions, "MEMORY", 3)
    monkeypatch.setattr(export_gate, "MEMORY", 3)
    watch = Watch(NAMES, Mentions(KEY, KNOWN))
    for number in range(50):
        assert watch.finding(f"word{'x' * number} other grace field{'y' * number} Ä{'z' * number}") == ""
        assert watch.finding("Mr Mueller has it.") == "an identifier from an image header"
        assert watch.finding("Rose Small") == "an identifier from an image header"
    assert len(watch._passed) <= 4
    assert len(watch._mentions._plain._words) <= 10


def test_without_any_fingerprint_no_word_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        raise AssertionError

    monkeypatch.setattr(mentions._Pieces, "hold", never)
    assert Watch([], Mentions(KEY, [])).finding("A text about a field.") == ""


@pytest.mark.django_db
def test_what_was_read_before_is_read_for_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The lower lobe shows a consolidation; Amara Obi drew the outline of it. " * 3
    clean = said.replace("Amara Obi", "the reader")
    telling = clean + "Seen by Dr Smith."
    read_ahead([said, clean, telling])
    reads: list[str] = []

    def reads_it(text: str) -> list[Hit]:
        reads.append(text)
        return find(text)

    monkeypatch.setattr("curation.text.find.find", reads_it)
    watch = Watch({"amara obi"}, Mentions(b"k", set()))
    watch.look_up([said, clean, telling])
    assert [watch.finding(text) for text in (said, clean, telling)] == [
        "the name of an account", "", "a person's name",
    ]  # fmt: skip
    assert reads == [telling]
    fresh = clean + "Nothing else."
    assert (watch.finding(fresh), known_clean([fresh])) == ("", set())
    watch.look_up(())
    assert known_clean([fresh]) == {fresh}
