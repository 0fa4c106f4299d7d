"""What no text of an export may hold: names of accounts, identifiers of any patient of the study, patterns.

An export says everything twice, as JSON and as parquet, and most rows say the same in most fields: many texts
are looked at as one, and what passed is not looked at again. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from curation.cards.own_words import own_words, without_own_words
from curation.gate.names import Names, whole_names
from curation.gate.protocol import Record, Wanted
from curation.imaging.mentions import MEMORY, Mentions
from curation.text.digests import SHORTEST, clean_digest, place_digest
from curation.text.rule import KINDS

HEADER: Final = "an identifier from an image header"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a text breaks, in words; of a pattern also its kind and what stands for the place."""

    rule: str
    kind: str = ""
    digest: str = ""


class Watch:
    """Looks at texts, many at once or one by one; both ways find the same."""

    def __init__(self, wanted: Wanted, record: Record) -> None:
        names = wanted.names
        self._wanted, self._record = wanted, record
        self._names, self._mentions = Names(names), Mentions(wanted.key, wanted.fingerprints)
        own = own_words()  # somebody may have the user name "reader", which every card says
        self._names_in_print = Names([name for name in names if name.lower() not in own])
        self._declared = frozenset(filter(None, wanted.declared))
        self._printed = whole_names(self._declared)
        self._mails = Names([name for name in names if "@" in name])
        self._harmless = frozenset(wanted.harmless)
        self._passed: set[str] = set()
        self._clean: set[str] = set()
        self._found_clean: set[str] = set()

    def are_clean(self, texts: Iterable[str]) -> bool:
        """Whether none of the texts has a finding."""
        keys = {self._key(text): text for text in set(texts) - self._declared}
        new = {key: text for key, text in keys.items() if key not in self._passed}
        if not new:
            return True
        digests = [key for key, text in new.items() if len(text) >= SHORTEST]
        self._clean = set(self._record.known(digests))
        some = list(new.values())
        # What nobody may declare harmless comes first.
        is_clean = not (self._names.may_stand_in(some) or self._mentions.may_stand_in(some))
        if is_clean:
            is_clean = not any(self._pattern(text) for key, text in new.items() if key not in self._clean)
        if not is_clean and any(map(self.finding, some)):
            return False
        self._pass(new)
        self._record.remember(sorted(self._found_clean))
        self._found_clean.clear()
        return True

    def finding(self, text: str) -> Finding | None:
        """The rule that a text breaks."""
        if text in self._declared or (key := self._key(text)) in self._passed:
            return None
        if finding := self._look(text):
            return finding
        self._pass([key])
        return None

    def finding_in_print(self, text: str) -> Finding | None:
        """As `finding`, of a page in which declared texts stand among the words of the cards."""
        if self._printed is not None:
            text = self._printed.sub("", text)
        return next(filter(None, map(self._look_in_print, text.splitlines())), None)

    def _look_in_print(self, line: str) -> Finding | None:
        if self._names_in_print.found_in(line):
            return self._of_account(line)
        if self._mentions.found_in(without_own_words(line)):
            return Finding(HEADER)
        return self._pattern(line)

    def _look(self, text: str) -> Finding | None:
        if self._names.found_in(text):
            return self._of_account(text)
        if self._mentions.found_in(text):
            return Finding(HEADER)
        return self._pattern(text)

    def _of_account(self, text: str) -> Finding:
        what = "e-mail address" if self._mails.found_in(text) else "name"
        return Finding(f"the {what} of an account")

    def _pattern(self, text: str) -> Finding | None:
        # Here: it compiles hundreds of expressions, for which every command would wait.
        from curation.text.find import find, readings

        is_long = len(text) >= SHORTEST
        if is_long and (key := self._key(text)) in self._clean:
            return None
        hits = [(hit.kind, said[hit.start : hit.end]) for said in readings(text) for hit in find(said)]
        if not hits and is_long:
            self._found_clean.add(key)
        for kind, said in hits:
            digest = place_digest(kind, said, self._wanted.harmless_key)
            if digest not in self._harmless:
                return Finding(KINDS[kind], kind, digest)
        return None

    def _pass(self, keys: Iterable[str]) -> None:
        if len(self._passed) > MEMORY:
            self._passed.clear()
        self._passed.update(keys)

    def _key(self, text: str) -> str:
        """What stands for a text among those that passed: its digest, or a short one behind a sign."""
        return f"={text}" if len(text) < SHORTEST else clean_digest(text, self._wanted.version)
