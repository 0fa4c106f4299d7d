"""A text that was read and held nothing is not read again, by this version of the patterns."""

import pytest

from curation import clean_texts
from curation.clean_texts import is_clean, known_clean, read_ahead
from curation.models import CleanText
from curation.text.digests import SHORTEST

pytestmark = pytest.mark.django_db
CLEAN = "The lower lobe shows a consolidation with an air bronchogram. " * 3
TELLING = CLEAN + "Seen by Dr Smith."
WRAPPED = CLEAN + "born%2004%2F11%2F1961"


def test_only_what_holds_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    read_ahead([CLEAN, TELLING, WRAPPED, "short"])
    assert known_clean([CLEAN, TELLING, WRAPPED, "short", CLEAN + "!"]) == {CLEAN}
    assert len("short") < SHORTEST < len(CLEAN)
    assert (is_clean(CLEAN), is_clean(TELLING), is_clean(WRAPPED)) == (True, False, False)

    def reads_again(text: str) -> bool:
        pytest.fail("it was read again")

    monkeypatch.setattr(clean_texts, "is_clean", reads_again)
    read_ahead([CLEAN])


def test_other_patterns_remember_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    read_ahead([CLEAN])
    monkeypatch.setattr(clean_texts, "version", lambda: "another")
    assert known_clean([CLEAN]) == set()
    read_ahead([CLEAN + "More."])
    assert CleanText.objects.count() == 1
    assert known_clean([CLEAN + "More."]) == {CLEAN + "More."}


def test_what_a_text_says_cannot_be_read_from_what_is_remembered() -> None:
    read_ahead([CLEAN])
    assert "consolidation" not in str(list(CleanText.objects.values()))
    assert CLEAN[:20] not in str(list(CleanText.objects.values()))
