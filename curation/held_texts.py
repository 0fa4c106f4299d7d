"""Questions whose texts may name a person: held at import until a lead has decided about every place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import ReasonMissing, Refused
from consilium.states.transitions import transition
from curation.clean_texts import read_ahead
from curation.keys import study_key
from curation.models import Question, TextChoice, TextFinding
from curation.states import QuestionState
from curation.text.digests import place_digest
from curation.text.rule import KINDS, Hit

LABELS: Final = {
    "text": "the question",
    "answer": "the answer",
    "reference_trace": "the worked solution",
    "modality": "the modality",
    "body_part": "the body part",
    "question_type": "the question type",
}
# What stands for something that a lead found and the patterns did not.
MASKED: Final = "[masked]"
# Where something is removed before one of these (or the end), the blank before it goes too.
BEFORE_BLANK: Final = " .,;:!?)"


class DecisionRefused(Refused):
    """A decision that cannot be carried out; the text is for people."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; `number` is that of the finding that stands there, 0 for ordinary words."""

    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class MarkedText:
    """One field of a question, whole, with the places that wait for a decision."""

    label: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of some decisions: places masked, removed and kept, and questions no longer held."""

    masked: int
    removed: int
    harmless: int
    freed: int


class Digests:
    """Keyed hashes of what stands in a study's texts; the same for every spelling of case and accents."""

    def __init__(self, study: Study) -> None:
        self._key = study_key(study, "text")

    def of(self, kind: str, text: str) -> str:
        """The digest of a hit's text."""
        return place_digest(kind, text, self._key)

    def hits(self, text: str) -> Iterator[tuple[Hit, str]]:
        """Each hit of a text with its digest."""
        # Here: it compiles hundreds of expressions, for which every command would wait.
        from curation.text.find import find

        for hit in find(text):
            yield hit, self.of(hit.kind, text[hit.start : hit.end])


def harmless_everywhere(study: Study) -> frozenset[str]:
    """Digests of what leads of the study declared harmless in one question or wherever it stands."""
    declared = TextFinding.objects.filter(study=study, choice=TextChoice.HARMLESS)
    return frozenset(declared.values_list("digest", flat=True))


def hold_question(question: Question) -> bool:
    """Hold a question that was just stored where its texts may name a person; inside its transaction."""
    digests = Digests(question.study)
    found = {(hit.kind, digest) for text in _texts(question).values() for hit, digest in digests.hits(text)}
    declared = TextFinding.objects.filter(study=question.study, question=None)
    known = set(declared.filter(digest__in=[digest for _, digest in found]).values_list("kind", "digest"))
    left = sorted(found - known)
    if not found:
        read_ahead(_texts(question).values())
    if not left:
        return False
    TextFinding.objects.bulk_create(
        TextFinding(study=question.study, question=question, kind=kind, digest=digest)
        for kind, digest in left
    )
    kinds = sorted({kind for kind, _ in left})
    transition(question, QuestionState.HELD, by=None, data={"places": len(left), "kinds": kinds})
    return True


def marked_texts(
    question: Question, findings: Iterable[TextFinding]
) -> tuple[list[MarkedText], dict[int, str]]:
    """The fields of a question in which findings stand, and by the findings' keys, in reading order, what
    each says where it stands first. Findings are numbered from 1 in that order."""
    keys = {(finding.kind, finding.digest): finding.pk for finding in findings}
    digests, said = Digests(question.study), dict[int, str]()
    numbers: dict[int, int] = {}
    marked = []
    for field, text in _texts(question).items():
        pieces, place = [], 0
        for hit, digest in digests.hits(text):
            if pk := keys.get((hit.kind, digest)):
                number = numbers.setdefault(pk, len(numbers) + 1)
                said.setdefault(pk, text[hit.start : hit.end])
                pieces += [Piece(text[place : hit.start]), Piece(text[hit.start : hit.end], number)]
                place = hit.end
        if pieces:
            marked.append(MarkedText(_label(field), [*pieces, Piece(text[place:])]))
    return marked, said


def decide(
    *,
    study: Study,
    choices: Mapping[int, str],
    reason: str,
    by: Person,
    also: Mapping[int, str] | None = None,
) -> Decided:
    """Carry out decisions: finding's key to a TextChoice. A question with none left is no longer held.

    `also`: by a question's key, a text in it that names a person and that the patterns do not know: it is
    masked wherever it stands. All of one question hold or none. `reason` says why something is harmless.
    Raises NotAllowed, ReasonMissing, DecisionRefused.
    """
    check_lead(by, study)
    if TextChoice.HARMLESS in choices.values() and not reason.strip():
        raise ReasonMissing("Say why it is harmless; the reason stays in the study's record.")
    open_ones = TextFinding.objects.filter(study=study, choice="", pk__in=choices).exclude(question=None)
    own = Question.objects.filter(study=study, pk__in=also or ()).values_list("pk", flat=True)
    questions = sorted({pk for pk in open_ones.values_list("question_id", flat=True) if pk} | set(own))
    more = {pk: " ".join(text.split()) for pk, text in (also or {}).items()}
    freed = [_decide_question(pk, choices, more.get(pk, ""), reason.strip()[:200], by) for pk in questions]
    counts = {choice: sum(found[choice] for found, _ in freed) for choice in TextChoice.values if choice}
    return Decided(
        counts[TextChoice.MASK],
        counts[TextChoice.REMOVE],
        counts[TextChoice.HARMLESS],
        sum(is_free for _, is_free in freed),
    )


def declare_harmless(*, study: Study, text: str, reason: str, by: Person) -> int:
    """Declare everything that the patterns find in `text` harmless wherever it stands in the study.

    For what a refused export names: a word of a model's answer, a method called after a person.
    Returns how many findings it holds. Raises NotAllowed, ReasonMissing, DecisionRefused.
    """
    check_lead(by, study)
    if not reason.strip():
        raise ReasonMissing("Say why it is harmless; the reason stays in the study's record.")
    found = {(hit.kind, digest) for hit, digest in Digests(study).hits(text)}
    if not found:
        raise DecisionRefused("Nothing in that text looks like a person's data; there is nothing to declare.")
    with transaction.atomic():
        for kind, digest in sorted(found):
            made, _ = TextFinding.objects.get_or_create(
                study=study,
                question=None,
                kind=kind,
                digest=digest,
                defaults=_decision(TextChoice.HARMLESS, reason.strip()[:200], by),
            )
            record(
                action="text.harmless", obj=made, by=by, study=study, data={"kind": kind, "digest": digest}
            )
    return len(found)


def name_problem(text: str) -> str:
    """What keeps a text from being the name of something that leaves the house; or nothing.

    Names and descriptions are printed in releases, cards and boards, where nobody decides about places.
    """
    from curation.text.find import find

    kinds = dict.fromkeys(KINDS[hit.kind] for hit in find(text))
    return f"It holds {' and '.join(kinds)}; what is frozen and exported may not." if kinds else ""


@transaction.atomic
def _decide_question(
    pk: int, choices: Mapping[int, str], also: str, reason: str, by: Person
) -> tuple[dict[str, int], bool]:
    question = Question.objects.select_for_update().select_related("study").get(pk=pk)
    undecided = list(TextFinding.objects.filter(question=question, choice="").order_by("pk"))
    now_decided = [one for one in undecided if choices.get(one.pk)]
    if question.state != QuestionState.HELD or not (now_decided or also):
        return dict.fromkeys(TextChoice.values, 0), False
    chosen = {(one.kind, one.digest): choices[one.pk] for one in now_decided}
    changed = _rewritten(question, chosen, also)
    if changed:
        Question.objects.filter(pk=pk).update(**changed)
    for one in now_decided:
        TextFinding.objects.filter(pk=one.pk).update(**_decision(choices[one.pk], reason, by))
    counts = {choice: list(chosen.values()).count(choice) for choice in TextChoice.values}
    counts[TextChoice.MASK] += bool(also)
    data = {choice: count for choice, count in counts.items() if count}
    if is_free := len(now_decided) == len(undecided):
        transition(question, QuestionState.IMPORTED, by=by, reason=reason, data=data)
    else:
        record(
            action="question.text_decided",
            obj=question,
            by=by,
            study=question.study,
            data=data,
            reason=reason,
        )
    return counts, is_free


def _decision(choice: str, reason: str, by: Person) -> dict[str, object]:
    kept = reason if choice == TextChoice.HARMLESS else ""
    return {"choice": choice, "reason": kept, "decided_by": by, "decided_at": timezone.now()}


def _rewritten(question: Question, chosen: Mapping[tuple[str, str], str], also: str) -> dict[str, object]:
    """The fields of a question that the choices change. Raises DecisionRefused for what would make none."""
    digests = Digests(question.study)
    texts = {field: _rewrite(text, chosen, digests) for field, text in _texts(question).items()}
    if also:
        before, typed = texts, re.compile(r"\s+".join(map(re.escape, also.split())), re.IGNORECASE)
        texts = {field: typed.sub(MASKED, text) for field, text in before.items()}
        if texts == before:
            raise DecisionRefused(
                f"What you typed for question {question.external_id} does not stand in it; "
                "type it as it stands there, or leave the field empty."
            )
    if not texts["text"]:
        raise DecisionRefused(f"Nothing would be left of question {question.external_id}; drop it instead.")
    options = {letter: texts[f"options.{letter}"] for letter in question.options}
    if "" in options.values() or len(set(options.values())) < len(set(question.options.values())):
        raise DecisionRefused(
            f"Two options of question {question.external_id} would read the same, or one nothing; "
            "drop the question instead."
        )
    facets = {name: said for name in question.facets if (said := texts[f"facets.{name}"])}
    new = {field: texts[field] for field in LABELS} | {"options": options, "facets": facets}
    return {field: value for field, value in new.items() if value != getattr(question, field)}


def _rewrite(text: str, chosen: Mapping[tuple[str, str], str], digests: Digests) -> str:
    pieces, place = [], 0
    for hit, digest in digests.hits(text):
        choice = chosen.get((hit.kind, digest))
        if choice == TextChoice.MASK:
            pieces += [text[place : hit.start], f"[{hit.kind}]"]
            place = hit.end
        elif choice == TextChoice.REMOVE:
            has_blank = text[hit.start - 1 : hit.start] == " " and text[hit.end : hit.end + 1] in BEFORE_BLANK
            pieces.append(text[place : hit.start - has_blank])
            place = hit.end
    return "".join([*pieces, text[place:]]).strip()


def _label(field: str) -> str:
    """A field as people call it."""
    name, _, inner = field.partition(".")
    if name == "facets":
        return f"the facet {inner}"
    return f"option {inner}" if inner else LABELS[name]


def _texts(question: Question) -> dict[str, str]:
    """Every text of a question that a person wrote, by its field."""
    texts = {field: str(getattr(question, field)) for field in LABELS}
    texts |= {f"options.{letter}": str(option) for letter, option in question.options.items()}
    return texts | {f"facets.{name}": str(said) for name, said in question.facets.items()}
